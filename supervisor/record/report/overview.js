// The first view: the numbers of the run, where the time went, what came out of it, and which directories it used.

// A list of names with bars: rows of {name, title, value, text, open}.
function barList(title, rows, none) {
    const most = Math.max(1e-9, ...rows.map((row) => row.value));
    const items = rows.map((row) => {
        const bar = element('span', {class: 'bar'});
        bar.style.width = Math.max(1, Math.round((100 * row.value) / most)) + '%';
        return element(
            'li',
            {},
            element(
                'button',
                {type: 'button', class: 'barred', title: row.title, onclick: (event) => row.open(event.detail === 0)},
                element('span', {class: 'name'}, row.name),
                element('span', {class: 'amount'}, row.text),
                bar,
            ),
        );
    });
    return element(
        'section',
        {class: 'card'},
        element('h2', {}, title),
        items.length > 0 ? element('ul', {class: 'bars'}, items) : element('p', {class: 'empty'}, none),
    );
}

function directoriesOf(data, role, limit) {
    const sums = new Map();
    for (const path of data.listed) {
        if (!(data.roles[path] & role) || data.roles[path] & ROLE.directory) continue;
        const directory = directoryName(data.paths.names[path]);
        sums.set(directory, (sums.get(directory) || 0) + 1);
    }
    return Array.from(sums)
        .sort((a, b) => b[1] - a[1])
        .slice(0, limit);
}

// Processes by the name of their program, the one that took most time first. The first ones have a colour of their own,
// all others share one.
function findPrograms(data) {
    const programs = new Map();
    for (const process of data.processes.all) {
        let program = programs.get(process.name);
        if (!program) programs.set(process.name, (program = {name: process.name, processes: [], own: 0, cpu: 0}));
        program.processes.push(process);
        // The time of a process while none of its children ran, so that a shell that waits is not the busiest.
        program.own += Math.max(0, process.wall - covered(process.children));
        program.cpu += Math.max(
            0,
            process.user + process.system - process.children.reduce((sum, child) => sum + child.user + child.system, 0),
        );
    }
    data.programs = Array.from(programs.values()).sort((a, b) => b.own - a.own || (a.name < b.name ? -1 : 1));
    data.programs.forEach((program, number) => {
        program.number = number;
        program.hue = number < HUES ? number + 1 : 0;
        for (const process of program.processes) Object.assign(process, {group: program, hue: program.hue});
    });
}

// Microseconds in which at least one of them was there.
function covered(processes) {
    let sum = 0,
        until = 0;
    for (const process of processes.slice().sort((a, b) => a.start - b.start)) {
        sum += Math.max(0, process.stop - Math.max(until, process.start));
        until = Math.max(until, process.stop);
    }
    return sum;
}

class Overview {
    constructor(app, host) {
        const {data} = app,
            number = (role) =>
                data.listed.reduce(
                    (sum, path) => sum + (data.roles[path] & role && !(data.roles[path] & ROLE.directory) ? 1 : 0),
                    0,
                );
        const tile = (label, amount, open, wrong) =>
            element(
                'button',
                {
                    type: 'button',
                    class: wrong && amount > 0 ? 'tile wrong' : 'tile',
                    onclick: (event) => open(event.detail === 0),
                },
                element('strong', {}, count(amount)),
                element('span', {}, label),
            );
        const roles = [
            ['inputs', 'input'],
            ['outputs', 'output'],
            ['temporary', 'temporary'],
            ['deleted', 'deleted'],
            ['absent', 'absent'],
        ];
        const tiles = roles.map(([label, role]) =>
            tile(label, number(ROLE[role]), (focus) =>
                role === 'absent' ? app.show('absent', focus) : app.showFiles({role}, focus),
            ),
        );
        tiles.push(
            tile('processes', data.processes.all.length, (focus) => app.show('timeline', focus)),
            tile('connections', data.connections.length, (focus) => app.show('network', focus)),
            tile('violations', data.violations.length, (focus) => app.show('violations', focus), true),
        );
        const outputs = data.listed.filter(
            (path) => data.roles[path] & ROLE.output && !(data.roles[path] & ROLE.directory),
        );
        outputs.sort((a, b) => data.sizes[b] - data.sizes[a]);
        const directories = (role) =>
            directoriesOf(data, ROLE[role], 10).map(([directory, amount]) => ({
                name: visible(directory),
                title: visible(directory),
                value: amount,
                text: plural(amount, 'file'),
                open: (focus) => app.showFiles({role, directory}, focus),
            }));
        fill(
            host,
            element('div', {class: 'tiles'}, tiles),
            element(
                'div',
                {class: 'cards'},
                barList(
                    'Where the time went',
                    data.programs
                        .slice(0, 10)
                        .map((program) => ({
                            name: visible(program.name),
                            title:
                                plural(program.processes.length, 'process', 'processes') +
                                ', CPU ' +
                                duration(program.cpu),
                            value: program.own,
                            text: duration(program.own) + ' · ' + count(program.processes.length) + '×',
                            open: (focus) => app.open('program', program.number, focus),
                        })),
                    'No processes.',
                ),
                barList(
                    'Largest outputs',
                    outputs
                        .slice(0, 10)
                        .map((path) => ({
                            name: visible(baseName(data.paths.names[path])),
                            title: visible(data.paths.names[path]),
                            value: Math.max(0, data.sizes[path]),
                            text: data.sizes[path] < 0 ? 'size not known' : bytes(data.sizes[path]),
                            open: (focus) => app.open('file', path, focus),
                        })),
                    'Nothing was left behind.',
                ),
                barList('Inputs by directory', directories('input'), 'Nothing was read.'),
                barList('Looked for in vain, by directory', directories('absent'), 'Everything was found.'),
            ),
        );
    }

    focus(host) {
        host.querySelector('button').focus();
    }
}
