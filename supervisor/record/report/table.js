// A table of any length: only the rows in sight are elements. A grid for the keyboard and for screen readers.

const ROW_HEIGHT = 28;
const SPARE_ROWS = 6;
const NARROW = 1050; // pixels
const TALLEST = 8e6; // pixels; browsers stop at some height, so longer tables scroll in proportion

const cellClass = (column) => 'cell' + (column.numeric ? ' number' : '') + (column.minor ? ' minor' : '');

class VirtualTable {
    // columns: {title, width, numeric, minor, value(row) to sort by, render(cell, row)}; open(row, byKeyboard) acts on a row.
    constructor(host, label, columns, open) {
        Object.assign(this, {
            columns,
            open,
            rows: [],
            active: 0,
            sorted: null,
            descending: false,
            pool: [],
            selected: null,
        });
        this.id = host.id || 'table';
        this.heads = columns.map((column, at) => this.headCell(column, at));
        this.head = element('div', {class: 'row head', role: 'row', 'aria-rowindex': 1}, this.heads);
        this.space = element('div', {class: 'space', role: 'rowgroup'});
        this.empty = element('p', {class: 'empty', hidden: true}, 'Nothing to show.');
        this.body = element('div', {class: 'body', role: 'presentation'}, this.head, this.space, this.empty);
        this.grid = element(
            'div',
            {class: 'table', role: 'grid', tabindex: 0, 'aria-label': label, onkeydown: (event) => this.key(event)},
            this.body,
        );
        this.body.addEventListener('scroll', () => this.draw());
        this.space.addEventListener('click', (event) => this.click(event));
        new ResizeObserver(() => this.fit()).observe(this.body);
        fill(host, this.grid);
    }

    // Where there is little room, columns that matter less are left out.
    fit() {
        const narrow = this.body.clientWidth < NARROW;
        this.grid.classList.toggle('narrow', narrow);
        this.grid.style.setProperty(
            '--columns',
            this.columns
                .filter((column) => !narrow || !column.minor)
                .map((column) => column.width)
                .join(' '),
        );
        this.draw();
    }

    headCell(column, at) {
        const button = element('button', {type: 'button', tabindex: -1, onclick: () => this.sort(at)}, column.title);
        return element(
            'div',
            {class: cellClass(column), role: 'columnheader', 'aria-sort': 'none', 'aria-colindex': at + 1},
            column.value ? button : column.title,
        );
    }

    // Rows in the order of the caller; a chosen order of a column is kept.
    show(rows, keepPlace) {
        this.unsorted = rows;
        if (!keepPlace) {
            this.active = 0;
            this.body.scrollTop = 0;
        }
        this.arrange();
    }

    sort(at, descending) {
        const again = this.sorted === at;
        this.descending = descending ?? (again ? !this.descending : Boolean(this.columns[at].numeric));
        this.sorted = at;
        this.heads.forEach((head, i) =>
            head.setAttribute('aria-sort', i !== at ? 'none' : this.descending ? 'descending' : 'ascending'),
        );
        if (this.unsorted) this.arrange();
    }

    arrange() {
        this.rows = this.unsorted;
        if (this.sorted !== null) {
            const value = this.columns[this.sorted].value,
                sign = this.descending ? -1 : 1;
            const keys = new Map(this.unsorted.map((row, at) => [row, [value(row), at]]));
            this.rows = this.unsorted.slice().sort((one, other) => {
                const [a, i] = keys.get(one),
                    [b, j] = keys.get(other);
                return a < b ? -sign : a > b ? sign : i - j;
            });
        }
        this.active = Math.max(0, Math.min(this.active, this.rows.length - 1));
        this.grid.setAttribute('aria-rowcount', this.rows.length + 1);
        this.empty.hidden = this.rows.length > 0;
        this.height = Math.min(this.rows.length * ROW_HEIGHT, TALLEST);
        this.space.style.height = this.height + 'px';
        this.draw();
    }

    // The row at the upper edge, with a fraction.
    top() {
        const room = this.body.clientHeight - this.head.offsetHeight,
            full = this.rows.length * ROW_HEIGHT;
        if (full <= TALLEST || this.height <= room) return this.body.scrollTop / ROW_HEIGHT;
        return ((this.body.scrollTop / (this.height - room)) * (full - room)) / ROW_HEIGHT;
    }

    visibleRows() {
        return Math.max(1, Math.floor((this.body.clientHeight - this.head.offsetHeight) / ROW_HEIGHT));
    }

    draw() {
        if (this.body.clientHeight === 0) return;
        const top = this.top(),
            from = Math.max(0, Math.floor(top) - SPARE_ROWS);
        const to = Math.min(this.rows.length, Math.ceil(top) + this.visibleRows() + SPARE_ROWS);
        while (this.pool.length < to - from) this.pool.push(this.newRow());
        while (this.pool.length > to - from) this.pool.pop().remove();
        for (let at = from; at < to; at++)
            this.drawRow(this.pool[at - from], at, this.body.scrollTop + (at - top) * ROW_HEIGHT);
        this.grid.setAttribute(
            'aria-activedescendant',
            this.active >= from && this.active < to ? this.id + '-' + this.active : '',
        );
    }

    newRow() {
        const cells = this.columns.map((column, at) =>
            element('div', {class: cellClass(column), role: 'gridcell', 'aria-colindex': at + 1}),
        );
        const row = element('div', {class: 'row', role: 'row'}, cells);
        this.space.append(row);
        return row;
    }

    drawRow(shown, at, y) {
        const row = this.rows[at];
        shown.style.transform = 'translateY(' + y + 'px)';
        shown.id = this.id + '-' + at;
        shown.dataset.at = at;
        shown.setAttribute('aria-rowindex', at + 2);
        shown.classList.toggle('active', at === this.active);
        shown.classList.toggle('odd', at % 2 === 1);
        shown.setAttribute('aria-selected', row === this.selected);
        this.columns.forEach((column, i) => column.render(shown.children[i], row));
    }

    click(event) {
        const shown = event.target.closest('.row');
        if (!shown || String(getSelection()) !== '') return;
        this.active = Number(shown.dataset.at);
        this.draw();
        this.open(this.rows[this.active], false);
    }

    // Marks a row, and brings it into sight.
    select(row) {
        const at = row === this.selected || row === null ? -1 : this.rows.indexOf(row);
        this.selected = row;
        if (at >= 0) this.move(at);
        else this.draw();
    }

    move(to) {
        this.active = Math.max(0, Math.min(this.rows.length - 1, to));
        const top = this.top(),
            room = this.visibleRows(),
            full = this.rows.length * ROW_HEIGHT;
        const wanted = this.active < top ? this.active : this.active > top + room - 1 ? this.active - room + 1 : null;
        if (wanted !== null) {
            const space = this.body.clientHeight - this.head.offsetHeight;
            this.body.scrollTop =
                full <= TALLEST
                    ? wanted * ROW_HEIGHT
                    : ((wanted * ROW_HEIGHT) / (full - space)) * (this.height - space);
        }
        this.draw();
    }

    key(event) {
        const page = this.visibleRows() - 1;
        const steps = {
            ArrowDown: this.active + 1,
            ArrowUp: this.active - 1,
            PageDown: this.active + page,
            PageUp: this.active - page,
            Home: 0,
            End: this.rows.length - 1,
        };
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        if (event.target !== this.grid) return this.headKey(event);
        if (event.key in steps) this.move(steps[event.key]);
        else if (event.key === 'Enter' && this.rows.length > 0) this.open(this.rows[this.active], true);
        else if (event.key === 'ArrowRight' || event.key === 'ArrowLeft')
            this.heads.find((head) => head.querySelector('button')).firstChild.focus();
        else return;
        event.preventDefault();
    }

    // In the titles: left and right go along them, down and Escape back to the rows.
    headKey(event) {
        const buttons = this.heads.map((head) => head.querySelector('button')).filter(Boolean),
            at = buttons.indexOf(event.target);
        if (at < 0) return;
        if (event.key === 'ArrowRight') buttons[Math.min(buttons.length - 1, at + 1)].focus();
        else if (event.key === 'ArrowLeft') buttons[Math.max(0, at - 1)].focus();
        else if (event.key === 'ArrowDown' || event.key === 'Escape') this.grid.focus();
        else return;
        event.preventDefault();
        event.stopPropagation();
    }
}

// The words of a search as a function of a lower-case text: all of them must be in it.
function searcher(text) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    return words.length === 0 ? null : (lower) => words.every((word) => lower.includes(word));
}
