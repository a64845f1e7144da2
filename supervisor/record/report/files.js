// The files: a table to sort, to search, and to narrow by role, directory and process; the same by directory.

function roleTags(roles) {
    return ROLES.filter((role) => roles & ROLE[role]).map((role) =>
        element('span', {class: 'tag ' + role}, ROLE_WORDS[role]),
    );
}

// A path in a cell: its directory pale, its last part not.
function pathCell(cell, name) {
    const shown = visible(name) || '(no name)',
        end = baseName(shown);
    fill(
        cell,
        element(
            'span',
            {class: 'path', title: shown.length > 1000 ? shown.slice(0, 1000) + '…' : shown},
            element('span', {class: 'directory'}, shown.slice(0, shown.length - end.length)),
            element('span', {class: 'base'}, end),
        ),
    );
}

const numberCell = (of) => (cell, row) => {
    const number = of(row);
    cell.textContent = number > 0 ? count(number) : '';
};

function toolbar(label, search) {
    const input = element('input', {
        type: 'search',
        placeholder: 'Search  /',
        'aria-label': label,
        spellcheck: 'false',
        autocomplete: 'off',
        oninput: () => search(input.value),
    });
    return input;
}

// Lower-case text of each path, as it is shown.
function lowerNames(data) {
    data.lower = data.lower || data.paths.names.map((name) => visible(name).toLowerCase());
    return data.lower;
}

class Files {
    constructor(app, host) {
        Object.assign(this, {app, data: app.data, role: null, scope: null, process: null, text: '', grouped: false});
        this.input = toolbar('Search files', (text) => this.narrow({text}));
        this.chips = element('div', {class: 'chips', role: 'group', 'aria-label': 'Role of the files'});
        this.scopes = element('div', {class: 'chips scopes'});
        this.group = element(
            'button',
            {
                type: 'button',
                class: 'chip',
                'aria-pressed': 'false',
                onclick: () => this.narrow({grouped: !this.grouped}),
            },
            'By directory',
        );
        this.status = element('span', {class: 'status', role: 'status'});
        const hosts = ['files-table', 'directories-table'].map((id) => element('div', {id, class: 'fill'}));
        fill(
            host,
            element('div', {class: 'tools'}, this.input, this.chips, this.group, this.scopes, this.status),
            hosts,
        );
        this.table = new VirtualTable(hosts[0], 'Files', this.columns(), (path, keyboard) =>
            app.open('file', path, keyboard),
        );
        this.directories = new VirtualTable(hosts[1], 'Directories', directoryColumns(), (row, keyboard) => {
            this.narrow({scope: row.name, grouped: false});
            if (keyboard) this.table.grid.focus();
        });
        this.makeChips();
        this.narrow({});
    }

    columns() {
        const {sums, sizes, roles, paths} = this.data;
        return [
            {
                title: 'File',
                width: 'minmax(12rem, 1fr)',
                value: (path) => paths.names[path],
                render: (cell, path) => pathCell(cell, paths.names[path]),
            },
            {
                title: 'Role',
                width: '10rem',
                value: (path) => roles[path],
                render: (cell, path) => fill(cell, roleTags(roles[path])),
            },
            {
                title: 'Size',
                width: '5.5rem',
                numeric: true,
                value: (path) => sizes[path],
                render: (cell, path) => {
                    cell.textContent = sizes[path] < 0 ? '' : bytes(sizes[path]);
                },
            },
            {
                title: 'Readers',
                width: '5rem',
                numeric: true,
                value: (path) => sums.readers[path],
                render: numberCell((path) => sums.readers[path]),
            },
            {
                title: 'Writers',
                width: '5rem',
                numeric: true,
                value: (path) => sums.writers[path],
                render: numberCell((path) => sums.writers[path]),
            },
            {
                title: 'Lookers',
                width: '5rem',
                numeric: true,
                minor: true,
                value: (path) => sums.lookers[path],
                render: numberCell((path) => sums.lookers[path]),
            },
            {
                title: 'Times',
                width: '5rem',
                numeric: true,
                minor: true,
                value: (path) => sums.times[path],
                render: numberCell((path) => sums.times[path]),
            },
            {
                title: 'First',
                width: '6rem',
                numeric: true,
                minor: true,
                value: (path) => sums.first[path],
                render: (cell, path) => {
                    cell.textContent = sums.first[path] < 0 ? '' : duration(sums.first[path]);
                },
            },
        ];
    }

    makeChips() {
        const chip = (role, label, amount) =>
            element(
                'button',
                {type: 'button', class: 'chip', 'data-role': role, onclick: () => this.narrow({role: role || null})},
                label + ' ',
                element('span', {class: 'amount'}, count(amount)),
            );
        const numbers = ROLES.map((role) =>
            this.data.listed.reduce((sum, path) => sum + (this.data.roles[path] & ROLE[role] ? 1 : 0), 0),
        );
        fill(
            this.chips,
            chip('', 'all', this.data.listed.length),
            ROLES.map((role, at) => (numbers[at] > 0 ? chip(role, ROLE_WORDS[role], numbers[at]) : null)),
        );
    }

    // The paths of a process's events, or of all.
    candidates() {
        if (this.process === null) return this.data.listed;
        const paths = new Set();
        for (const event of this.data.byProcess.of(this.process.index)) {
            for (const path of [this.data.events.path[event], this.data.events.path2[event]])
                if (path >= 0) paths.add(path);
        }
        return Array.from(paths).sort((a, b) => a - b);
    }

    narrow(change) {
        Object.assign(this, change);
        const {names} = this.data.paths,
            lower = lowerNames(this.data),
            wanted = searcher(this.text),
            bit = this.role ? ROLE[this.role] : 0;
        const below = this.scope === null ? null : this.scope === '/' ? '/' : this.scope + '/';
        this.found = this.candidates().filter(
            (path) =>
                (bit === 0 || this.data.roles[path] & bit) &&
                (below === null || names[path].startsWith(below)) &&
                (wanted === null || wanted(lower[path])),
        );
        if (this.input.value !== this.text) this.input.value = this.text;
        for (const chip of this.chips.children)
            chip.setAttribute('aria-pressed', chip.dataset.role === (this.role || ''));
        this.group.setAttribute('aria-pressed', this.grouped);
        this.showScopes();
        byId('files-table').hidden = this.grouped;
        byId('directories-table').hidden = !this.grouped;
        if (this.grouped) this.directories.show(directoryRows(this.data, this.found));
        else this.table.show(this.found);
        const size = this.found.reduce((sum, path) => sum + Math.max(0, this.data.sizes[path]), 0);
        this.status.textContent = plural(this.found.length, 'file') + (size > 0 ? ', ' + bytes(size) : '');
    }

    showScopes() {
        const scope = (text, change) =>
            element(
                'button',
                {type: 'button', class: 'chip scope', title: 'Show all again', onclick: () => this.narrow(change)},
                text + ' ✕',
            );
        fill(
            this.scopes,
            this.scope === null ? null : scope('below ' + visible(this.scope), {scope: null}),
            this.process === null
                ? null
                : scope('of ' + visible(this.process.name) + ' ' + this.process.pid, {process: null}),
        );
    }

    select(selected) {
        this.table.select(selected && selected.kind === 'file' ? selected.id : null);
    }

    focusSearch() {
        this.input.focus();
        this.input.select();
    }

    focus() {
        (this.grouped ? this.directories : this.table).grid.focus();
    }
}

// One row a directory that has some of these files in it.
function directoryRows(data, paths) {
    const rows = new Map();
    for (const path of paths) {
        const name = directoryName(data.paths.names[path]);
        let row = rows.get(name);
        if (!row) rows.set(name, (row = {name, files: 0, size: 0, input: 0, output: 0, temporary: 0, absent: 0}));
        row.files++;
        row.size += Math.max(0, data.sizes[path]);
        for (const role of ['input', 'output', 'temporary', 'absent']) if (data.roles[path] & ROLE[role]) row[role]++;
    }
    return Array.from(rows.values()).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function directoryColumns() {
    const number = (title, key) => ({
        title,
        width: '6rem',
        numeric: true,
        value: (row) => row[key],
        render: numberCell((row) => row[key]),
    });
    return [
        {
            title: 'Directory',
            width: 'minmax(12rem, 1fr)',
            value: (row) => row.name,
            render: (cell, row) => pathCell(cell, row.name),
        },
        number('Files', 'files'),
        number('Inputs', 'input'),
        number('Outputs', 'output'),
        number('Temporary', 'temporary'),
        number('Absent', 'absent'),
        {
            title: 'Size',
            width: '6rem',
            numeric: true,
            value: (row) => row.size,
            render: (cell, row) => {
                cell.textContent = row.size > 0 ? bytes(row.size) : '';
            },
        },
    ];
}
