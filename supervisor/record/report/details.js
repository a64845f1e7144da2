// What is known of one file, process or program, beside the views.

const MOST_ENTRIES = 100;

class Details {
    constructor(app, host) {
        Object.assign(this, {app, data: app.data, host});
    }

    show({kind, id}) {
        const parts =
            kind === 'file'
                ? this.file(id)
                : kind === 'process'
                  ? this.process(this.data.processes.ids.get(id))
                  : this.program(id);
        const close = element(
            'button',
            {
                type: 'button',
                class: 'close',
                'aria-label': 'Close',
                title: 'Close (Escape)',
                onclick: () => this.app.close(),
            },
            '✕',
        );
        fill(this.host, close, parts);
        this.host.scrollTop = 0;
    }

    heading(kind, title, directory) {
        return [
            element('p', {class: 'kind'}, kind),
            element('h2', {tabindex: -1}, visible(title) || '(no name)'),
            directory ? element('p', {class: 'place'}, directory) : null,
        ];
    }

    facts(rows) {
        return element(
            'dl',
            {},
            rows
                .filter((row) => row[1] !== '' && row[1] !== null && row[1] !== undefined)
                .map(([term, value]) => [element('dt', {}, term), element('dd', {}, value)]),
        );
    }

    // A titled list; more than a hundred entries come when they are asked for.
    section(title, rows, make) {
        if (rows.length === 0) return null;
        const list = element('ul', {class: 'entries'}),
            more = element('button', {type: 'button', class: 'chip more'});
        let shown = 0;
        const add = () => {
            list.append(...rows.slice(shown, shown + MOST_ENTRIES).map(make));
            shown = Math.min(rows.length, shown + MOST_ENTRIES);
            more.hidden = shown === rows.length;
            more.textContent =
                count(Math.min(MOST_ENTRIES, rows.length - shown)) + ' more of ' + count(rows.length - shown);
        };
        more.addEventListener('click', add);
        add();
        return element(
            'section',
            {},
            element('h3', {}, title + ' ', element('span', {class: 'amount'}, count(rows.length))),
            list,
            more,
        );
    }

    link(kind, id, text, title) {
        return element(
            'button',
            {
                type: 'button',
                class: 'link',
                title: title || null,
                onclick: (event) => this.app.open(kind, id, event.detail === 0),
            },
            text,
        );
    }

    processLink(process) {
        return [
            this.link(
                'process',
                process.id,
                [element('i', {class: 'hue bar-' + (process.hue || 0)}), visible(process.name)],
                process.line.slice(0, 500),
            ),
            element('span', {class: 'muted'}, ' ' + process.pid),
        ];
    }

    fileLink(path) {
        const name = visible(this.data.paths.names[path]) || '(no name)',
            end = baseName(name);
        return this.link('file', path, [
            element('span', {class: 'directory'}, name.slice(0, name.length - end.length)),
            element('span', {class: 'base'}, end),
        ]);
    }

    // Call, result, times and moment of an event, and what the program called the file.
    note(event) {
        const {events, strings} = this.data,
            said = events.said.get(event),
            flags = events.flags[event],
            parts = [];
        if (events.call[event] >= 0) parts.push(visible(strings[events.call[event]]));
        if (events.error[event] && events.kind[event] !== KIND.absent) parts.push(errorName(events.error[event]));
        if (events.count[event] > 1) parts.push(count(events.count[event]) + '×');
        parts.push('at ' + duration(events.time[event]));
        if (flags & FOR_BOTH) parts.push('read and written');
        if (flags & IN_LAYER) parts.push('in the layer');
        if (flags & UNRESOLVED) parts.push('not resolved');
        if (said && said[0] !== undefined) parts.push('as “' + visible(said[0]) + '”');
        return element('span', {class: 'note'}, parts.join(' · '));
    }

    file(path) {
        const {data} = this,
            name = data.paths.names[path],
            groups = new Map(FILE_GROUPS.map(([title]) => [title, []]));
        for (const event of data.byPath.of(path)) groups.get(fileGroup(data.events, event, path)).push(event);
        const make = (event) => {
            const process = data.processes.all[data.events.process[event]],
                other =
                    data.events.path2[event] >= 0
                        ? data.events.path[event] === path
                            ? data.events.path2[event]
                            : data.events.path[event]
                        : -1;
            return element(
                'li',
                {},
                process ? this.processLink(process) : 'unknown',
                other >= 0 && other !== path
                    ? [data.events.path[event] === path ? ' → ' : ' ← ', this.fileLink(other)]
                    : null,
                this.note(event),
            );
        };
        return [
            this.heading(
                data.roles[path] & ROLE.directory ? 'directory' : 'file',
                baseName(name),
                visible(directoryName(name)),
            ),
            element('p', {class: 'tags'}, roleTags(data.roles[path])),
            this.facts([
                [
                    'Size',
                    data.sizes[path] < 0
                        ? ''
                        : bytes(data.sizes[path]) +
                          (data.sizes[path] >= 1000 ? ' (' + count(data.sizes[path]) + ' bytes)' : ''),
                ],
                ['First seen', data.sums.first[path] < 0 ? '' : 'at ' + duration(data.sums.first[path])],
                ['Times', data.sums.times[path] > 0 ? count(data.sums.times[path]) : ''],
            ]),
            Array.from(groups, ([title, events]) => this.section(title, events, make)),
            this.hashes(path),
            this.also(path, 'file'),
        ];
    }

    hashes(path) {
        return this.section('Content', this.data.hashes.get(path) || [], (hash) =>
            element(
                'li',
                {},
                visible(
                    (hash.state === 'before' ? 'before the run changed it' : 'at the end') +
                        ', ' +
                        hash.algorithm +
                        ', ' +
                        bytes(hash.size),
                ),
                element('code', {}, visible(hash.digest)),
            ),
        );
    }

    also(id, kind) {
        const button = (text, act) => element('button', {type: 'button', class: 'chip', onclick: act}, text);
        return element(
            'p',
            {class: 'chips'},
            kind === 'process'
                ? button('Its files as a table', () =>
                      this.app.showFiles({process: this.data.processes.ids.get(id)}, true),
                  )
                : null,
            kind === 'file'
                ? button('Its directory as a table', () =>
                      this.app.showFiles({directory: directoryName(this.data.paths.names[id])}, true),
                  )
                : null,
            kind === 'process' ? button('On the timeline', () => this.app.show('timeline', true)) : null,
            button('In the graph', () => this.app.showGraph()),
        );
    }

    process(process) {
        const {data} = this,
            {events} = data,
            groups = new Map(PROCESS_GROUPS.map(([, title]) => [title, []]));
        for (const event of data.byProcess.of(process.index))
            groups.get(PROCESS_GROUPS.find(([kinds]) => kinds.includes(KINDS[events.kind[event]]))[1]).push(event);
        const make = (event) =>
            element(
                'li',
                {},
                events.path[event] >= 0 ? this.fileLink(events.path[event]) : '?',
                events.path2[event] >= 0
                    ? [events.flags[event] & EXCHANGED ? ' ↔ ' : ' → ', this.fileLink(events.path2[event])]
                    : null,
                this.note(event),
            );
        const last = process.execs[process.execs.length - 1];
        return [
            this.heading('process ' + process.pid, process.name, visible(process.program)),
            element('pre', {class: 'command', tabindex: 0, 'aria-label': 'Command'}, process.line),
            this.facts([
                ['Exit', this.exit(process)],
                ['Time', duration(process.wall) + ' from ' + duration(process.start)],
                ['CPU', 'user ' + duration(process.user) + ', system ' + duration(process.system)],
                ['Memory', process.resident > 0 ? bytes(process.resident * 1024) + ' at most' : ''],
                ['Directory', last && last.cwd ? visible(last.cwd) : ''],
                ['Parent', process.up ? this.processLink(process.up) : ''],
            ]),
            this.section('Violations', process.violations, (violation) =>
                element(
                    'li',
                    {},
                    visible(violation.path),
                    element('span', {class: 'note'}, visible(violation.text || violation.rule)),
                ),
            ),
            this.section('Children', process.children, (child) =>
                element('li', {}, this.processLink(child), element('span', {class: 'note'}, child.line.slice(0, 300))),
            ),
            Array.from(groups, ([title, list]) => this.section(title, list, make)),
            this.section('Connections', process.connections, (connection) =>
                element(
                    'li',
                    {},
                    visible(connection.address),
                    element(
                        'span',
                        {class: 'note'},
                        visible(connection.kind) +
                            ' · ' +
                            (connection.error ? errorName(connection.error) : 'ok') +
                            ' · ' +
                            count(connection.count) +
                            '×',
                    ),
                ),
            ),
            process.execs.length > 1
                ? this.section('Was one after the other', process.execs, (exec) =>
                      element(
                          'li',
                          {},
                          commandLine(exec.command),
                          element('span', {class: 'note'}, 'at ' + duration(exec.time) + (exec.cut ? ' · cut' : '')),
                      ),
                  )
                : null,
            last && last.environment
                ? this.section('Environment', last.environment, (word) => element('li', {}, visible(word)))
                : null,
            this.also(process.id, 'process'),
        ];
    }

    exit(process) {
        if (process.end === null) return 'it had not ended';
        if (process.signal) return element('span', {class: 'wrong'}, signalName(process.signal));
        return process.code ? element('span', {class: 'wrong'}, String(process.code)) : '0';
    }

    program(number) {
        const {data} = this,
            {name, processes} = data.programs[number],
            files = (edges, end) => {
                const sums = new Map();
                for (const edge of edges)
                    for (const path of edge.files) sums.set(path, (sums.get(path) || []).concat(edge[end]));
                return Array.from(sums);
            };
        const {edges} = (data.programEdges =
            data.programEdges || fileEdges(data, (process) => process.group.number));
        const make =
            (word) =>
            ([path, others]) =>
                element(
                    'li',
                    {},
                    this.fileLink(path),
                    element(
                        'span',
                        {class: 'note'},
                        word,
                        others
                            .slice(0, 12)
                            .map((other, at) => [
                                at > 0 ? ', ' : ' ',
                                this.link('program', other, visible(data.programs[other].name)),
                            ]),
                    ),
                );
        return [
            this.heading('program', name, null),
            this.facts([
                ['Processes', count(processes.length)],
                ['Time', duration(processes.reduce((sum, process) => sum + process.wall, 0)) + ' in all'],
                ['CPU', duration(processes.reduce((sum, process) => sum + process.user + process.system, 0))],
            ]),
            this.section(
                'Was given',
                files(
                    edges.filter((edge) => edge.to === number),
                    'from',
                ),
                make('by'),
            ),
            this.section(
                'Passed on',
                files(
                    edges.filter((edge) => edge.from === number),
                    'to',
                ),
                make('to'),
            ),
            this.section('Processes', processes, (process) =>
                element(
                    'li',
                    {},
                    this.processLink(process),
                    element('span', {class: 'note'}, process.line.slice(0, 300)),
                ),
            ),
            this.also(number, 'program'),
        ];
    }
}

const FILE_GROUPS = [
    ['Written by', ['write', 'create']],
    ['Renamed or linked by', ['rename', 'link']],
    ['Opened for reading by', ['read']],
    ['Executed by', ['exec', 'map']],
    ['Deleted by', ['delete']],
    ['Metadata changed by', ['metadata']],
    ['Listed by', ['list']],
    ['Looked at by', ['look']],
    ['Looked for in vain by', ['absent']],
    ['Failed', []],
];

function fileGroup(events, event) {
    const kind = KINDS[events.kind[event]];
    return events.error[event] !== 0 && kind !== 'absent'
        ? 'Failed'
        : FILE_GROUPS.find(([, kinds]) => kinds.includes(kind))[0];
}

const PROCESS_GROUPS = [
    [['create'], 'Created'],
    [['write'], 'Wrote'],
    [['rename', 'link'], 'Renamed or linked'],
    [['delete'], 'Deleted'],
    [['metadata'], 'Changed metadata of'],
    [['exec', 'map'], 'Executed'],
    [['read'], 'Opened for reading'],
    [['list'], 'Listed'],
    [['look'], 'Looked at'],
    [['absent'], 'Looked for in vain'],
];
