// The graph as it is seen: by program, process by process, or around what is selected.

class Graph {
    constructor(app, host) {
        Object.assign(this, {app, data: app.data, mode: 'programs', cache: {}});
        const mode = (name, text) =>
            element(
                'button',
                {type: 'button', class: 'chip', 'data-mode': name, onclick: () => this.change(name)},
                text,
            );
        this.modes = element(
            'div',
            {class: 'chips', role: 'group', 'aria-label': 'What a box is'},
            mode('programs', 'a program'),
            mode('processes', 'a process'),
            mode('around', 'around the selection'),
        );
        this.input = toolbar('Search in the graph', () => this.find());
        this.status = element('span', {class: 'status', role: 'status'});
        this.paper = element('div', {class: 'paper'});
        fill(
            host,
            element(
                'div',
                {class: 'tools'},
                this.input,
                element('span', {class: 'muted'}, 'A box is'),
                this.modes,
                this.status,
            ),
            this.paper,
        );
        this.paper.addEventListener('keydown', (event) => this.key(event));
        this.change('programs');
    }

    change(mode) {
        this.mode = mode;
        for (const chip of this.modes.children) chip.setAttribute('aria-pressed', chip.dataset.mode === mode);
        const graph =
            mode === 'around'
                ? this.around(this.app.selected)
                : (this.cache[mode] = this.cache[mode] || this.grouped(mode));
        this.shown = graph;
        this.draw(graph);
        this.find();
    }

    grouped(mode) {
        const programs = mode === 'programs',
            groupOf = (process) => (programs ? process.group.number : process.id);
        const {edges, left} = fileEdges(this.data, groupOf),
            nodes = new Map();
        for (const process of this.data.processes.all) {
            const key = groupOf(process);
            let node = nodes.get(key);
            if (!node)
                nodes.set(
                    key,
                    (node = {
                        key,
                        processes: 0,
                        weight: 0,
                        first: process.start,
                        title: process.name,
                        kind: programs ? 'program' : 'process',
                        id: key,
                        hue: process.hue,
                    }),
                );
            node.processes++;
            node.first = Math.min(node.first, process.start);
            node.detail = programs
                ? plural(node.processes, 'process', 'processes')
                : 'pid ' + process.pid + ', ' + duration(process.wall);
        }
        const graph = limitGraph(nodes, edges, MOST_NODES[mode]),
            what = programs ? ['program', 'programs'] : ['process', 'processes'];
        graph.note =
            graph.all === 0
                ? ''
                : graph.all > graph.nodes.length
                  ? 'The ' + graph.nodes.length + ' of ' + count(graph.all) + ' ' + what[1] + ' that share most files'
                  : plural(graph.all, ...what) + ' that pass files on';
        if (left)
            graph.note +=
                '; of those who wrote a file the last ' +
                MOST_WRITERS +
                ' count, of the lines the first ' +
                count(MOST_EDGES);
        graph.empty = 'No process read what another one wrote.';
        return graph;
    }

    // Files and processes as boxes, next to what is selected.
    around(selected) {
        const graph = {nodes: new Map(), edges: [], left: 0},
            {data} = this;
        if (!selected)
            return {
                nodes: [],
                edges: [],
                note: '',
                empty: 'Select a file or a process first, in any of the other views.',
            };
        if (selected.kind === 'file') this.aroundFile(graph, selected.id);
        const chosen =
            selected.kind === 'process'
                ? [data.processes.ids.get(selected.id)]
                : selected.kind === 'program'
                  ? data.programs[selected.id].processes.slice(0, 20)
                  : [];
        for (const process of chosen) this.aroundProcess(graph, process);
        return {
            nodes: Array.from(graph.nodes.values()),
            edges: graph.edges,
            note: graph.left > 0 ? count(graph.left) + ' more are not drawn' : '',
            empty: 'It passed no file on, and was given none.',
        };
    }

    box(graph, kind, id) {
        const key = kind + id,
            {data} = this;
        if (graph.nodes.has(key)) return graph.nodes.get(key);
        if (graph.nodes.size >= MOST_NODES.around) {
            graph.left++;
            return null;
        }
        const process = kind === 'process' ? data.processes.all[id] : null,
            name = data.paths.names[id];
        const node = process
            ? {
                  key,
                  kind,
                  id: process.id,
                  title: process.name,
                  detail: 'pid ' + process.pid + ', ' + duration(process.wall),
                  first: process.start,
                  hue: process.hue,
              }
            : {
                  key,
                  kind,
                  id,
                  title: baseName(name),
                  detail: directoryName(name),
                  first: Math.max(0, data.sums.first[id]),
              };
        graph.nodes.set(key, node);
        return node;
    }

    connect(graph, process, path, use) {
        if (!use.reads && !use.writes) return;
        const one = this.box(graph, 'process', process),
            other = this.box(graph, 'file', path);
        if (!one || !other) return;
        const [from, to] = use.writes ? [one.key, other.key] : [other.key, one.key];
        if (!graph.edges.some((edge) => edge.from === from && edge.to === to))
            graph.edges.push({from, to, files: new Set([path])});
    }

    aroundFile(graph, path) {
        const {events, byPath} = this.data;
        this.box(graph, 'file', path);
        for (const event of byPath.of(path)) {
            if (events.error[event] === 0 && events.process[event] >= 0)
                this.connect(graph, events.process[event], path, eventUse(events, event, path));
        }
    }

    // Files that it passed on, or was given.
    aroundProcess(graph, process) {
        if (!process) return;
        const {events, byProcess, byPath, roles} = this.data;
        this.box(graph, 'process', process.index);
        for (const event of byProcess.of(process.index)) {
            for (const path of new Set([events.path[event], events.path2[event]])) {
                if (
                    path < 0 ||
                    events.error[event] !== 0 ||
                    roles[path] & ROLE.directory ||
                    !(roles[path] & (ROLE.output | ROLE.temporary | ROLE.deleted))
                )
                    continue;
                const use = eventUse(events, event, path);
                if (!use.reads && !use.writes) continue;
                this.connect(graph, process.index, path, use);
                for (const other of byPath.of(path)) {
                    if (events.error[other] === 0 && events.process[other] >= 0)
                        this.connect(graph, events.process[other], path, eventUse(events, other, path));
                }
            }
        }
    }

    draw(graph) {
        this.status.textContent = graph.note;
        if (graph.nodes.length === 0) return fill(this.paper, element('p', {class: 'empty'}, graph.empty));
        const {width, height} = placeNodes(layGraph(graph.nodes, graph.edges));
        const edges = graph.edges.map((edge) => this.drawEdge(edge)),
            nodes = graph.nodes.map((node) => this.drawNode(node));
        const arrow = element(
            'svg:marker',
            {
                id: 'arrow',
                viewBox: '0 0 8 8',
                refX: 1,
                refY: 4,
                markerWidth: 9,
                markerHeight: 9,
                markerUnits: 'userSpaceOnUse',
                orient: 'auto',
            },
            element('svg:path', {d: 'M0 0 L8 4 L0 8 z'}),
        );
        this.picture = element(
            'svg:svg',
            {
                width,
                height,
                viewBox: '0 0 ' + width + ' ' + height,
                role: 'group',
                'aria-label': 'Graph: each arrow goes from who wrote to who read',
            },
            element('svg:defs', {}, arrow),
            edges,
            nodes,
        );
        fill(this.paper, this.picture);
        nodes[0].setAttribute('tabindex', 0);
        this.select(this.app.selected);
    }

    drawEdge(edge) {
        const {source: a, target: b} = edge,
            {line, x, y} = edgeLine(edge);
        const path = element(
            'svg:path',
            {d: line, class: edge.back ? 'edge back' : 'edge', 'marker-end': 'url(#arrow)'},
            element(
                'svg:title',
                {},
                visible(a.title) + ' → ' + visible(b.title) + ': ' + plural(edge.files.size, 'file'),
            ),
        );
        path.style.strokeWidth = 1 + Math.min(4, Math.log2(edge.files.size) / 2) + 'px';
        const label =
            edge.files.size > 1
                ? element('svg:text', {x: Math.round(x), y: Math.round(y), class: 'edge-label'}, count(edge.files.size))
                : null;
        edge.shown = element('svg:g', {class: 'link'}, path, label);
        return edge.shown;
    }

    drawNode(node) {
        const open = (event) => this.app.open(node.kind, node.id, event.type === 'keydown');
        const reads = node.from.length,
            writes = node.to.length;
        node.shown = element(
            'svg:g',
            {
                class: 'node ' + node.kind,
                tabindex: -1,
                role: 'button',
                transform: 'translate(' + node.x + ' ' + Math.round(node.y) + ')',
                onclick: open,
                'aria-label': visible(node.title) + ', ' + visible(node.detail) + ', from ' + reads + ', to ' + writes,
                onkeydown: (event) => {
                    if (event.key === 'Enter' || event.key === ' ') {
                        event.preventDefault();
                        open(event);
                    }
                },
                onfocus: () => this.light(node),
                onblur: () => this.light(null),
                onmouseenter: () => this.light(node),
                onmouseleave: () => this.light(null),
            },
            element('svg:rect', {width: NODE_WIDTH, height: NODE_HEIGHT, rx: node.kind === 'file' ? 3 : 9}),
            node.kind === 'file'
                ? null
                : element('svg:rect', {
                      class: 'bar-' + node.hue,
                      width: 5,
                      height: NODE_HEIGHT - 16,
                      x: 8,
                      y: 8,
                      rx: 2.5,
                  }),
            element(
                'svg:svg',
                {width: NODE_WIDTH - 6, height: NODE_HEIGHT},
                element('svg:text', {x: 20, y: 20, class: 'title'}, shorten(visible(node.title), 22)),
                element('svg:text', {x: 20, y: 36, class: 'detail'}, shorten(visible(node.detail), 27)),
            ),
            element('svg:title', {}, visible(node.title) + '\n' + visible(node.detail)),
        );
        return node.shown;
    }

    // Shows which edges a node has.
    light(node) {
        this.paper.classList.toggle('lit', Boolean(node));
        for (const edge of this.shown.edges)
            edge.shown.classList.toggle('on', Boolean(node) && (edge.source === node || edge.target === node));
    }

    // Arrows go to the nearest box in that direction; one box at a time is reached by Tab.
    key(event) {
        const at = this.shown.nodes.find((node) => node.shown === document.activeElement);
        const way = {ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1]}[event.key];
        if (!at || !way) return;
        event.preventDefault();
        let best = null,
            near = Infinity;
        for (const node of this.shown.nodes) {
            const x = node.x - at.x,
                y = node.y - at.y,
                ahead = x * way[0] + y * way[1],
                aside = Math.abs(x * way[1]) + Math.abs(y * way[0]);
            if (ahead > 1 && ahead + 2 * aside < near) [best, near] = [node, ahead + 2 * aside];
        }
        if (!best) return;
        for (const node of this.shown.nodes) node.shown.setAttribute('tabindex', node === best ? 0 : -1);
        best.shown.focus();
        best.shown.scrollIntoView({block: 'nearest', inline: 'nearest'});
    }

    find() {
        const wanted = searcher(this.input.value);
        for (const node of this.shown.nodes)
            node.shown.classList.toggle(
                'dim',
                wanted !== null && !wanted(visible(node.title + ' ' + node.detail).toLowerCase()),
            );
    }

    select(selected) {
        if (this.mode === 'around' && this.drawn !== selected) {
            this.drawn = selected;
            return this.change('around');
        }
        const process = selected && selected.kind === 'process' ? this.data.processes.ids.get(selected.id) : null;
        const isSelected = (node) =>
            Boolean(selected) &&
            ((selected.kind === node.kind && selected.id === node.id) ||
                (process && node.kind === 'program' && process.group.number === node.id));
        for (const node of this.shown.nodes)
            if (node.shown) node.shown.classList.toggle('selected', Boolean(isSelected(node)));
    }

    focusSearch() {
        this.input.focus();
        this.input.select();
    }

    focus() {
        const node = this.paper.querySelector('[tabindex="0"]');
        if (node) node.focus();
    }
}
