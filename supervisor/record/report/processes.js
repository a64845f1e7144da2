// The view of the processes: the timeline, its legend, and the tree as a table.

class Processes {
    constructor(app, host) {
        Object.assign(this, {app, data: app.data});
        const lanes = layLanes(this.data);
        this.input = toolbar('Search processes', () => this.narrow());
        const tool = (text, label, act) =>
            element('button', {type: 'button', class: 'chip', 'aria-label': label, title: label, onclick: act}, text);
        this.status = element('span', {class: 'status', role: 'status'});
        const flameHost = element('div', {class: 'flame-host'}),
            tableHost = element('div', {id: 'processes-table', class: 'fill'});
        fill(
            host,
            element(
                'div',
                {class: 'tools'},
                this.input,
                tool('+', 'Zoom in', () => this.flame.zoom(0.5, this.flame.middle())),
                tool('−', 'Zoom out', () => this.flame.zoom(2, this.flame.middle())),
                tool('All', 'Show the whole run', () => this.flame.view(0, this.data.end)),
                this.legend(),
                this.status,
            ),
            flameHost,
            element('p', {id: 'flame-status', class: 'flame-status', 'aria-live': 'polite'}),
            tableHost,
        );
        flameHost.style.height = Math.min(RULER + lanes * LANE + 8, 330) + 'px';
        this.flame = new Flame(app, flameHost, lanes);
        this.table = new VirtualTable(tableHost, 'Processes', this.columns(), (process, keyboard) =>
            app.open('process', process.id, keyboard),
        );
        this.narrow();
    }

    legend() {
        const entry = (name, hue) => element('li', {}, element('i', {class: 'hue bar-' + hue}), visible(name)),
            {programs} = this.data;
        return element(
            'ul',
            {class: 'legend', 'aria-label': 'Colours of programs'},
            programs.slice(0, HUES).map((program) => entry(program.name, program.hue)),
            programs.length > HUES ? entry('others', 0) : null,
        );
    }

    columns() {
        const sum = (process, ...kinds) => kinds.reduce((total, kind) => total + process.counts[KIND[kind]], 0);
        const reads = (process) => sum(process, 'read', 'map', 'exec'),
            writes = (process) => sum(process, 'write', 'create', 'delete', 'rename', 'link', 'metadata');
        return [
            {
                title: 'Process',
                width: '15rem',
                value: (process) => process.name,
                render: (cell, process) => this.nameCell(cell, process),
            },
            {
                title: 'Pid',
                width: '5rem',
                numeric: true,
                minor: true,
                value: (process) => process.pid,
                render: (cell, process) => {
                    cell.textContent = process.pid;
                },
            },
            {
                title: 'Command',
                width: 'minmax(10rem, 1fr)',
                render: (cell, process) => {
                    cell.textContent = process.line.slice(0, 400);
                },
            },
            {
                title: 'Start',
                width: '5.5rem',
                numeric: true,
                minor: true,
                value: (process) => process.start,
                render: (cell, process) => {
                    cell.textContent = duration(process.start);
                },
            },
            {
                title: 'Time',
                width: '5.5rem',
                numeric: true,
                value: (process) => process.wall,
                render: (cell, process) => {
                    cell.textContent = duration(process.wall);
                },
            },
            {
                title: 'CPU',
                width: '5.5rem',
                numeric: true,
                value: (process) => process.user + process.system,
                render: (cell, process) => {
                    cell.textContent = duration(process.user + process.system);
                },
            },
            {
                title: 'Memory',
                width: '5.5rem',
                numeric: true,
                minor: true,
                value: (process) => process.resident,
                render: (cell, process) => {
                    cell.textContent = process.resident ? bytes(process.resident * 1024) : '';
                },
            },
            {title: 'Reads', width: '4.5rem', numeric: true, minor: true, value: reads, render: numberCell(reads)},
            {title: 'Changes', width: '5.5rem', numeric: true, minor: true, value: writes, render: numberCell(writes)},
            {
                title: 'Exit',
                width: '5.5rem',
                numeric: true,
                value: (process) => (process.signal ? 1000 + process.signal : (process.code ?? -1)),
                render: (cell, process) => this.exitCell(cell, process),
            },
        ];
    }

    nameCell(cell, process) {
        const name = element(
            'span',
            {class: 'program'},
            element('i', {class: 'hue bar-' + process.hue}),
            visible(process.name),
        );
        name.style.marginLeft = (this.table.sorted === null ? Math.min(process.depth, 12) * 12 : 0) + 'px';
        fill(cell, name);
    }

    exitCell(cell, process) {
        cell.textContent =
            process.end === null ? 'running' : process.signal ? signalName(process.signal) : (process.code ?? '');
        cell.classList.toggle('wrong', Boolean(process.signal || process.code));
    }

    narrow() {
        const wanted = searcher(this.input.value);
        const found =
            wanted === null
                ? this.data.order
                : this.data.order.filter((process) =>
                      wanted((visible(process.name) + ' ' + process.line + ' ' + process.pid).toLowerCase()),
                  );
        this.table.show(found);
        this.status.textContent = plural(found.length, 'process', 'processes');
    }

    select(selected) {
        const process = selected && selected.kind === 'process' ? this.data.processes.ids.get(selected.id) : null;
        this.table.select(process);
        if (process) this.flame.go(process);
    }

    focusSearch() {
        this.input.focus();
        this.input.select();
    }

    focus() {
        this.flame.canvas.focus();
    }
}
