// The views that are a list: what was looked for in vain, connections, violations.

// A view that is a table and a search: absent lookups, the network, violations.
class Listing {
    // parts: {label, columns, rows, text(row) to search in, open(row, byKeyboard), isSelected(row, selected)}
    constructor(host, parts) {
        Object.assign(this, parts);
        this.input = toolbar('Search ' + parts.label.toLowerCase(), () => this.narrow());
        this.status = element('span', {class: 'status', role: 'status'});
        const table = element('div', {id: host.id + '-table', class: 'fill'});
        fill(host, element('div', {class: 'tools'}, this.input, this.status), table);
        this.table = new VirtualTable(table, parts.label, parts.columns, parts.open);
        this.narrow();
    }

    narrow() {
        const wanted = searcher(this.input.value);
        const found = wanted === null ? this.rows : this.rows.filter((row) => wanted(this.text(row)));
        this.table.show(found);
        this.status.textContent = count(found.length) + ' of ' + count(this.rows.length);
    }

    select(selected) {
        this.table.select(
            selected && this.isSelected ? (this.rows.find((row) => this.isSelected(row, selected)) ?? null) : null,
        );
    }

    focusSearch() {
        this.input.focus();
        this.input.select();
    }

    focus() {
        this.table.grid.focus();
    }
}

const timeColumn = {
    title: 'Time',
    width: '6.5rem',
    numeric: true,
    value: (row) => row.time,
    render: (cell, row) => {
        cell.textContent = duration(row.time);
    },
};
const textColumn = (title, width, of) => ({
    title,
    width,
    value: of,
    render: (cell, row) => {
        cell.textContent = visible(of(row));
        cell.title = cell.textContent;
    },
});
const processColumn = textColumn('Process', '12rem', (row) =>
    row.process ? row.process.name + ' ' + row.process.pid : '',
);

function absentView(app, host) {
    const {data} = app,
        {paths, sums} = data,
        lower = lowerNames(data);
    return new Listing(host, {
        label: 'Absent files',
        rows: data.listed.filter((path) => data.roles[path] & ROLE.absent),
        text: (path) => lower[path],
        open: (path, keyboard) => app.open('file', path, keyboard),
        isSelected: (path, selected) => selected.kind === 'file' && selected.id === path,
        columns: [
            {
                title: 'Looked for, and never there',
                width: 'minmax(12rem, 1fr)',
                value: (path) => paths.names[path],
                render: (cell, path) => pathCell(cell, paths.names[path]),
            },
            {
                title: 'Processes',
                width: '7rem',
                numeric: true,
                value: (path) => sums.lookers[path],
                render: numberCell((path) => sums.lookers[path]),
            },
            {
                title: 'Times',
                width: '7rem',
                numeric: true,
                value: (path) => sums.times[path],
                render: numberCell((path) => sums.times[path]),
            },
            {
                title: 'First',
                width: '7rem',
                numeric: true,
                value: (path) => sums.first[path],
                render: (cell, path) => {
                    cell.textContent = duration(sums.first[path]);
                },
            },
        ],
    });
}

function networkView(app, host) {
    return new Listing(host, {
        label: 'Connections',
        rows: app.data.connections,
        text: (row) =>
            visible(row.address + ' ' + row.kind + ' ' + (row.process ? row.process.name : '')).toLowerCase(),
        open: (row, keyboard) => row.process && app.open('process', row.process.id, keyboard),
        columns: [
            timeColumn,
            processColumn,
            textColumn('What', '7rem', (row) => row.kind),
            textColumn('Address', 'minmax(12rem, 1fr)', (row) => row.address),
            textColumn('Call', '7rem', (row) => row.call),
            textColumn('Result', '9rem', (row) => (row.error ? errorName(row.error) : 'ok')),
            {
                title: 'Times',
                width: '6rem',
                numeric: true,
                value: (row) => row.count,
                render: numberCell((row) => row.count),
            },
        ],
    });
}

function violationsView(app, host) {
    return new Listing(host, {
        label: 'Violations',
        rows: app.data.violations,
        text: (row) =>
            visible(
                row.path + ' ' + row.rule + ' ' + row.text + ' ' + (row.process ? row.process.name : ''),
            ).toLowerCase(),
        open: (row, keyboard) => row.process && app.open('process', row.process.id, keyboard),
        columns: [
            timeColumn,
            processColumn,
            textColumn('Call', '7rem', (row) => row.call),
            textColumn('Path', 'minmax(10rem, 1fr)', (row) => row.path),
            textColumn('Rule', 'minmax(8rem, 1fr)', (row) => row.rule),
            textColumn('What was said', 'minmax(10rem, 1fr)', (row) => row.text),
        ],
    });
}
