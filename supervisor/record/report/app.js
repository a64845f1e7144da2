// The page as a whole: header, tabs, what is selected, the address, and the keys that work everywhere.

const TABS = [
    ['overview', 'Overview', (app, host) => new Overview(app, host)],
    ['timeline', 'Processes', (app, host) => new Processes(app, host)],
    ['files', 'Files', (app, host) => new Files(app, host)],
    ['graph', 'Graph', (app, host) => new Graph(app, host)],
    ['absent', 'Absent', absentView],
    ['network', 'Network', networkView],
    ['violations', 'Violations', violationsView],
];

class App {
    constructor(data) {
        Object.assign(this, {data, views: {}, tab: null, selected: null});
        this.details = new Details(this, byId('details'));
        this.header();
        this.makeTabs();
        addEventListener('hashchange', () => {
            if (location.hash !== this.followed) this.follow();
        });
        document.addEventListener('keydown', (event) => this.key(event));
        this.follow();
    }

    header() {
        const {meta, totals} = this.data,
            words = commandWords(meta.command),
            command = commandLine(words) || 'a command';
        document.title = shorten(command, 60) + ' — coffer record';
        byId('command').textContent = command;
        byId('command').title = command.slice(0, 2000);
        const status = byId('status'),
            ended = meta.status !== undefined && meta.status !== null;
        status.textContent = !ended
            ? 'no end'
            : meta.status > 128
              ? signalName(meta.status - 128) + ' (' + meta.status + ')'
              : 'exit ' + meta.status;
        status.className = 'pill ' + (ended && Number(meta.status) === 0 ? 'good' : 'bad');
        const date =
            Number(meta.start) > 0
                ? new Date(Number(meta.start) / 1e6).toISOString().replace('T', ' ').slice(0, 19) + ' UTC'
                : '';
        const facts = [
            duration(this.data.end),
            date,
            meta.cwd ? 'in ' + visible(String(meta.cwd)) : '',
            meta.user || meta.host ? visible([meta.user, meta.host].filter(Boolean).join('@')) : '',
            Number(meta.view) ? 'in a view' : '',
            meta.version ? 'coffer ' + visible(String(meta.version)) : '',
        ];
        fill(
            byId('facts'),
            facts.filter(Boolean).map((fact) => element('li', {}, fact)),
        );
        const notices = [
            Number(meta.complete) === 0 ? 'The record was cut off: what came later is missing.' : '',
            Number(meta.lost) > 0 ? plural(Number(meta.lost), 'event') + ' could not be written.' : '',
            Number(meta.damaged) > 0 ? plural(Number(meta.damaged), 'part') + ' of the record could not be read.' : '',
        ];
        for (const [what, [all, shown]] of Object.entries(totals))
            if (all > shown)
                notices.push(
                    'Only ' +
                        count(shown) +
                        ' of ' +
                        count(all) +
                        ' ' +
                        what +
                        ' are in this page; the SQLite form has all.',
                );
        const said = notices.filter(Boolean).join(' ');
        fill(byId('notices'), said ? element('p', {}, said) : null);
    }

    makeTabs() {
        const {data} = this,
            numbers = {
                timeline: data.processes.all.length,
                files: data.listed.length,
                absent: data.listed.reduce((sum, path) => sum + (data.roles[path] & ROLE.absent ? 1 : 0), 0),
                network: data.connections.length,
                violations: data.violations.length,
            };
        this.tabs = TABS.map(([name, title], at) =>
            element(
                'button',
                {
                    type: 'button',
                    role: 'tab',
                    id: 'tab-' + name,
                    'aria-controls': 'view-' + name,
                    'data-tab': name,
                    title: title + ' (' + (at + 1) + ')',
                    onclick: () => this.show(name),
                },
                title,
                name in numbers
                    ? element(
                          'span',
                          {class: 'amount' + (name === 'violations' && numbers[name] > 0 ? ' wrong' : '')},
                          count(numbers[name]),
                      )
                    : null,
            ),
        );
        fill(byId('tabs'), this.tabs);
        fill(
            byId('views'),
            TABS.map(([name]) =>
                element('section', {
                    id: 'view-' + name,
                    class: 'view',
                    role: 'tabpanel',
                    'aria-labelledby': 'tab-' + name,
                    hidden: true,
                }),
            ),
        );
    }

    // The address: #TAB or #TAB/KIND/ID, so that the browser's back button goes back.
    follow() {
        this.followed = location.hash;
        const [tab, kind, id] = location.hash.slice(1).split('/');
        this.turn(TABS.some(([name]) => name === tab) ? tab : 'overview');
        const number = Number(id),
            known =
                (kind === 'file' && this.data.paths.names[number] !== undefined) ||
                (kind === 'process' && this.data.processes.ids.has(number)) ||
                (kind === 'program' && this.data.programs[number] !== undefined);
        const before = this.selected;
        this.selected = !known
            ? null
            : before && before.kind === kind && before.id === number
              ? before
              : {kind, id: number};
        byId('details').hidden = !known;
        if (known && before !== this.selected) this.details.show(this.selected);
        const view = this.views[this.tab];
        if (view.select) view.select(this.selected);
        if (this.focusNext) this.focusNext();
        this.focusNext = null;
    }

    go(tab, selected, focusNext) {
        const hash = '#' + [tab].concat(selected ? [selected.kind, selected.id] : []).join('/');
        this.focusNext = focusNext;
        location.hash = hash;
        this.follow();
    }

    turn(tab) {
        for (const button of this.tabs) {
            const on = button.dataset.tab === tab;
            button.setAttribute('aria-selected', on);
            button.setAttribute('tabindex', on ? 0 : -1);
            byId('view-' + button.dataset.tab).hidden = !on;
        }
        this.tab = tab;
        if (!this.views[tab]) {
            const [, , make] = TABS.find(([name]) => name === tab),
                host = byId('view-' + tab);
            this.views[tab] = make(this, host);
        }
    }

    show(tab, focus) {
        this.go(tab, this.selected, focus ? () => this.views[tab].focus(byId('view-' + tab)) : null);
    }

    showFiles({role, directory, process}, focus) {
        this.go('files', this.selected, () => {
            this.views.files.narrow({
                role: role || null,
                scope: directory || null,
                process: process || null,
                text: '',
                grouped: false,
            });
            if (focus) this.views.files.focus();
        });
    }

    showGraph() {
        this.go('graph', this.selected, () => {
            this.views.graph.change('around');
            this.views.graph.focus();
        });
    }

    // Shows the details; when the keyboard asked for them, it goes there.
    open(kind, id, byKeyboard) {
        if (byId('details').hidden || !byId('details').contains(document.activeElement))
            this.back = document.activeElement;
        this.go(this.tab, {kind, id}, byKeyboard ? () => byId('details').querySelector('h2').focus() : null);
    }

    close() {
        const back = this.back;
        this.go(this.tab, null, () => {
            if (back && back.isConnected && back !== document.body) back.focus();
            else this.views[this.tab].focus(byId('view-' + this.tab));
        });
    }

    key(event) {
        const typing = event.target.matches('input');
        if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || byId('help').open) return;
        if (event.key === 'Escape') this.escape(event, typing);
        else if (typing && (event.key === 'ArrowDown' || event.key === 'Enter')) this.views[this.tab].focus();
        else if (typing) return;
        else if (event.target.getAttribute('role') === 'tab' && ['ArrowLeft', 'ArrowRight'].includes(event.key))
            this.nextTab(event.key === 'ArrowRight' ? 1 : -1);
        else if (event.key === '/') this.search();
        else if (event.key >= '1' && event.key <= String(TABS.length)) this.show(TABS[Number(event.key) - 1][0], true);
        else if (event.key === '?') byId('help').showModal();
        else return;
        event.preventDefault();
    }

    escape(event, typing) {
        if (typing && event.target.value !== '') {
            event.target.value = '';
            event.target.dispatchEvent(new Event('input'));
        } else if (!byId('details').hidden) {
            this.close();
        } else if (typing) {
            this.views[this.tab].focus();
        }
    }

    search() {
        if (!this.views[this.tab].focusSearch) this.go('files', this.selected, () => this.views.files.focusSearch());
        else this.views[this.tab].focusSearch();
    }

    nextTab(step) {
        const at = this.tabs.findIndex((button) => button.dataset.tab === this.tab),
            next = this.tabs[(at + step + this.tabs.length) % this.tabs.length];
        this.go(next.dataset.tab, this.selected, () => next.focus());
    }
}

function commandWords(command) {
    try {
        const words = typeof command === 'string' ? JSON.parse(command) : command;
        return Array.isArray(words) ? words.map(String) : [];
    } catch {
        return [];
    }
}

byId('close-help').addEventListener('click', () => byId('help').close());
byId('show-help').addEventListener('click', () => byId('help').showModal());
new App(loadData(JSON.parse(byId('data').textContent)));
