// The processes over time: bars on a canvas, one lane below the other, and the tree of them as a table.

const LANE = 20,
    RULER = 24;

// Each process gets the first lane below its parent's that is free when it starts.
function layLanes(data) {
    const free = [];
    let lanes = 0;
    for (const process of data.processes.all
        .slice()
        .sort((a, b) => a.start - b.start || a.depth - b.depth || a.id - b.id)) {
        let lane = process.up && process.up.lane !== undefined ? process.up.lane + 1 : 0;
        while (free[lane] !== undefined && free[lane] > process.start) lane++;
        process.lane = lane;
        free[lane] = Math.max(process.stop, process.start + 1);
        lanes = Math.max(lanes, lane + 1);
    }
    return lanes;
}

function describeProcess(process) {
    const end =
        process.end === null
            ? 'still running'
            : process.signal
              ? 'ended by ' + signalName(process.signal)
              : 'exit ' + (process.code ?? '?');
    return (
        visible(process.name) +
        ' (pid ' +
        process.pid +
        '), ' +
        duration(process.wall) +
        ' from ' +
        duration(process.start) +
        ', ' +
        end
    );
}

class Flame {
    constructor(app, host, lanes) {
        Object.assign(this, {app, data: app.data, lanes, from: 0, to: app.data.end, current: null, hover: null});
        this.canvas = element('canvas', {
            tabindex: 0,
            role: 'application',
            'aria-label':
                'Timeline of the processes. Arrows go from process to process, plus and minus zoom, 0 shows all, Enter opens.',
            'aria-describedby': 'flame-status',
        });
        this.spacer = element('div', {class: 'lanes'});
        this.spacer.style.height = RULER + lanes * LANE + 6 + 'px';
        this.scroller = element('div', {class: 'flame'}, this.spacer, this.canvas);
        this.tip = element('div', {class: 'tip', hidden: true});
        fill(host, this.scroller, this.tip);
        const listen = {
            mousemove: this.point,
            mouseleave: this.leave,
            mousedown: this.press,
            click: this.pick,
            dblclick: this.zoomToPicked,
            keydown: this.key,
            wheel: this.wheel,
        };
        for (const [name, act] of Object.entries(listen))
            this.canvas.addEventListener(name, act.bind(this), {passive: false});
        this.canvas.addEventListener('focus', () => {
            this.current = this.current || this.data.order[0] || null;
            this.say();
            this.later();
        });
        this.scroller.addEventListener('scroll', () => this.later());
        new ResizeObserver(() => this.later()).observe(this.scroller);
        matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.later());
        this.byLane = Array.from({length: lanes}, () => []);
        for (const process of this.data.processes.all) this.byLane[process.lane].push(process);
        for (const lane of this.byLane) lane.sort((a, b) => a.start - b.start);
    }

    later() {
        if (!this.asked)
            this.asked = requestAnimationFrame(() => {
                this.asked = 0;
                this.draw();
            });
    }

    x(time) {
        return ((time - this.from) / (this.to - this.from)) * this.width;
    }

    draw() {
        const {clientWidth: width, clientHeight: height} = this.scroller,
            ratio = devicePixelRatio || 1;
        if (width === 0 || height === 0) return;
        this.width = width;
        if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
            this.canvas.width = Math.round(width * ratio);
            this.canvas.height = Math.round(height * ratio);
            this.canvas.style.width = width + 'px';
            this.canvas.style.height = height + 'px';
        }
        const style = getComputedStyle(this.canvas),
            colour = (name) => style.getPropertyValue(name).trim();
        this.colours = {
            text: colour('--text'),
            muted: colour('--muted'),
            line: colour('--line'),
            surface: colour('--surface'),
            focus: colour('--accent'),
            onBar: colour('--on-bar'),
            bars: Array.from({length: HUES + 1}, (_, at) => colour('--bar-' + at)),
        };
        const pen = this.canvas.getContext('2d');
        pen.setTransform(ratio, 0, 0, ratio, 0, 0);
        pen.fillStyle = this.colours.surface;
        pen.fillRect(0, 0, width, height);
        pen.font = '11px ' + style.fontFamily;
        pen.textBaseline = 'middle';
        const first = Math.max(0, Math.floor(this.scroller.scrollTop / LANE)),
            last = Math.min(this.lanes, first + Math.ceil(height / LANE) + 1);
        for (let lane = first; lane < last; lane++)
            this.drawLane(pen, this.byLane[lane], RULER + lane * LANE - this.scroller.scrollTop);
        this.drawRuler(pen, width, height);
    }

    drawLane(pen, lane, y) {
        let painted = -1;
        for (const process of lane) {
            if (process.stop < this.from || process.start > this.to) continue;
            const left = Math.floor(Math.max(-2, this.x(process.start))),
                end = Math.round(Math.min(this.width + 2, this.x(process.stop)));
            const wide = Math.max(1, end - left - (end - left > 4 ? 1 : 0)),
                right = left + wide,
                marked = process === this.current || process === this.hover;
            // Many in one pixel are painted once.
            if (right <= painted && !marked) continue;
            pen.fillStyle = this.colours.bars[process.hue];
            pen.fillRect(left, y, wide, LANE - 3);
            painted = right;
            if (marked) this.mark(pen, left, y, wide, process === this.current);
            if (wide > 24) this.label(pen, process, left, y, wide);
        }
    }

    mark(pen, left, y, wide, current) {
        pen.strokeStyle = current ? this.colours.focus : this.colours.text;
        pen.lineWidth = 2;
        pen.strokeRect(left, y - 1, Math.max(2, wide), LANE - 1);
    }

    label(pen, process, left, y, wide) {
        const start = Math.max(4, left + 4),
            room = left + wide - start - 2;
        if (room < 18) return;
        pen.save();
        pen.beginPath();
        pen.rect(start, y, room, LANE);
        pen.clip();
        pen.fillStyle = this.colours.onBar;
        pen.fillText(room > 140 ? process.line.slice(0, 200) : visible(process.name), start, y + (LANE - 2) / 2);
        pen.restore();
    }

    drawRuler(pen, width, height) {
        pen.fillStyle = this.colours.surface;
        pen.fillRect(0, 0, width, RULER - 3);
        const span = this.to - this.from,
            rough = span / Math.max(2, width / 110),
            power = 10 ** Math.floor(Math.log10(rough));
        const step = Math.max(1, [1, 2, 5, 10].find((factor) => factor * power >= rough) * power);
        for (let time = Math.ceil(this.from / step) * step; time <= this.to; time += step) {
            const x = Math.round(this.x(time)) + 0.5;
            pen.fillStyle = this.colours.line;
            pen.fillRect(x, RULER - 8, 1, 5);
            pen.fillStyle = this.colours.muted;
            pen.fillText(time === 0 ? '0' : tick(time, step), x + 3, RULER / 2 - 1);
        }
        pen.fillStyle = this.colours.line;
        pen.fillRect(0, RULER - 3, width, 1);
    }

    // The process below a point of the canvas. Narrow ones may be missed by a few pixels.
    at(event) {
        const lane = this.byLane[Math.floor((event.offsetY - RULER + this.scroller.scrollTop) / LANE)];
        if (!lane || event.offsetY < RULER) return null;
        let best = null,
            near = 4;
        for (const process of lane) {
            const left = this.x(process.start),
                right = Math.max(left + 1, this.x(process.stop)),
                far = event.offsetX < left ? left - event.offsetX : event.offsetX > right ? event.offsetX - right : 0;
            if (far < near) [best, near] = [process, far];
        }
        return best;
    }

    point(event) {
        if (this.drag) return this.pull(event);
        const process = this.at(event);
        if (process !== this.hover) {
            this.hover = process;
            this.later();
        }
        this.tip.hidden = !process;
        this.canvas.style.cursor = process ? 'pointer' : 'grab';
        if (!process) return;
        fill(
            this.tip,
            element('strong', {}, describeProcess(process)),
            element('span', {}, process.line.slice(0, 300)),
        );
        const wide = this.tip.offsetWidth;
        this.tip.style.left = Math.max(4, Math.min(this.width - wide - 8, event.offsetX + 12)) + 'px';
        this.tip.style.top = event.offsetY + 18 + 'px';
    }

    leave() {
        this.hover = null;
        this.tip.hidden = true;
        this.later();
    }

    press(event) {
        if (event.button !== 0) return;
        this.drag = {x: event.clientX, from: this.from, to: this.to, moved: false};
        addEventListener(
            'mouseup',
            () => {
                this.dragged = this.drag && this.drag.moved;
                this.drag = null;
            },
            {once: true},
        );
    }

    pull(event) {
        const moved = event.clientX - this.drag.x;
        if (Math.abs(moved) < 3 && !this.drag.moved) return;
        this.drag.moved = true;
        this.canvas.style.cursor = 'grabbing';
        this.view(
            this.drag.from - (moved / this.width) * (this.drag.to - this.drag.from),
            this.drag.to - (moved / this.width) * (this.drag.to - this.drag.from),
        );
    }

    pick(event) {
        const process = this.dragged ? null : this.at(event);
        if (process) {
            this.current = process;
            this.app.open('process', process.id, false);
        }
    }

    zoomToPicked(event) {
        const process = this.at(event);
        if (process) this.view(process.start - process.wall * 0.05, process.stop + process.wall * 0.05 + 1);
        else this.view(0, this.data.end);
    }

    wheel(event) {
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) {
            event.preventDefault();
            this.zoom(Math.exp((event.deltaY || event.deltaX) * 0.002), event.offsetX / this.width);
        } else if (event.deltaX !== 0) {
            event.preventDefault();
            const by = (event.deltaX / this.width) * (this.to - this.from);
            this.view(this.from + by, this.to + by);
        } else {
            this.scroller.scrollTop += event.deltaY;
        }
    }

    zoom(factor, where) {
        const span = this.to - this.from,
            wanted = Math.max(20, Math.min(this.data.end, span * factor)),
            fixed = this.from + span * where;
        this.view(fixed - wanted * where, fixed + wanted * (1 - where));
    }

    // Shows a part of the time, kept within the run.
    view(from, to) {
        const span = Math.min(this.data.end, to - from);
        this.from = Math.max(0, Math.min(from, this.data.end - span));
        this.to = this.from + span;
        this.later();
    }

    go(process) {
        if (!process) return;
        this.current = process;
        const span = this.to - this.from;
        if (process.start < this.from || process.start > this.to)
            this.view(process.start - span * 0.3, process.start + span * 0.7);
        const y = process.lane * LANE,
            room = this.scroller.clientHeight - RULER - LANE;
        if (y < this.scroller.scrollTop) this.scroller.scrollTop = y;
        else if (y > this.scroller.scrollTop + room) this.scroller.scrollTop = y - room;
        this.say();
        this.later();
    }

    say() {
        byId('flame-status').textContent = this.current ? describeProcess(this.current) : '';
    }

    key(event) {
        const at = this.current,
            span = this.to - this.from,
            lane = at ? this.byLane[at.lane] : [],
            siblings = at && at.up ? at.up.children : lane;
        const acts = {
            ArrowRight: () =>
                event.shiftKey
                    ? this.view(this.from + span / 4, this.to + span / 4)
                    : this.go(siblings[siblings.indexOf(at) + 1]),
            ArrowLeft: () =>
                event.shiftKey
                    ? this.view(this.from - span / 4, this.to - span / 4)
                    : this.go(siblings[siblings.indexOf(at) - 1]),
            ArrowUp: () => at && this.go(at.up),
            ArrowDown: () => at && this.go(at.children[0]),
            '+': () => this.zoom(0.6, this.middle()),
            '=': () => this.zoom(0.6, this.middle()),
            '-': () => this.zoom(1 / 0.6, this.middle()),
            0: () => this.view(0, this.data.end),
            Enter: () => at && this.app.open('process', at.id, true),
        };
        if (!(event.key in acts) || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        acts[event.key]();
    }

    // Zooming keeps the current process in its place when it is in sight.
    middle() {
        const time = this.current
            ? (Math.max(this.from, this.current.start) + Math.min(this.to, this.current.stop)) / 2
            : -1;
        return time >= this.from && time <= this.to ? (time - this.from) / (this.to - this.from) : 0.5;
    }
}

// A time on the ruler, with as many digits as the step needs.
function tick(time, step) {
    const [unit, word] = step >= 1e5 || time >= 1e7 ? [1e6, ' s'] : step >= 100 ? [1e3, ' ms'] : [1, ' µs'];
    return (time / unit).toFixed(Math.max(0, Math.ceil(-Math.log10(step / unit) - 1e-9))) + word;
}
