// Who made what for whom: which processes read what others wrote, and where the boxes of that are drawn.

const NODE_WIDTH = 190,
    NODE_HEIGHT = 46,
    NODE_GAP = 16,
    BEND_HEIGHT = 6,
    LAYER_GAP = 90;
const MOST_NODES = {programs: 48, processes: 120, around: 60};
// A lock or a log that thousands open to write would join each of them to each other.
const MOST_WRITERS = 16,
    MOST_EDGES = 50000;

// Files that are none, devices and what the kernel says: nobody passes anything on by /dev/null.
function isKernels(name) {
    return (name.startsWith('/dev/') && !name.startsWith('/dev/shm/')) || name.startsWith('/proc/');
}

// Edges between groups of processes, {from, to, files}: "from" wrote a file before "to" read it. "left": not all of them.
function fileEdges(data, groupOf) {
    const {events, byPath} = data,
        edges = new Map();
    let left = false;
    const add = (writers, reader, path) => {
        for (const writer of writers) {
            if (writer === reader) continue;
            const key = writer + '\n' + reader;
            let edge = edges.get(key);
            if (!edge && edges.size < MOST_EDGES)
                edges.set(key, (edge = {from: writer, to: reader, files: new Set()}));
            if (edge) edge.files.add(path);
            else left = true;
        }
    };
    for (const path of data.listed) {
        if (data.roles[path] & ROLE.directory || isKernels(data.paths.names[path])) continue;
        const writers = new Set();
        let dropped = false;
        for (const event of byPath.of(path)) {
            const process = events.process[event];
            if (process < 0 || events.error[event] !== 0) continue;
            const group = groupOf(data.processes.all[process]),
                {reads, writes} = eventUse(events, event, path);
            if (reads && writers.size > 0) add(writers, group, path);
            left = left || (reads && dropped);
            if (!writes) continue;
            writers.delete(group);
            writers.add(group);
            if (writers.size > MOST_WRITERS) dropped = writers.delete(writers.values().next().value);
        }
    }
    return {edges: Array.from(edges.values()), left};
}

// What an event did to a path: a renamed or linked file was read under its old name and written under the new one.
function eventUse(events, event, path) {
    const kind = events.kind[event];
    if (kind === KIND.rename || kind === KIND.link) {
        const target = events.path2[event] === path,
            both = Boolean(events.flags[event] & EXCHANGED);
        return {reads: !target || both, writes: target || both};
    }
    return {
        reads: READS.has(kind) || Boolean(WRITES.has(kind) && events.flags[event] & FOR_BOTH),
        writes: WRITES.has(kind),
    };
}

// The nodes that share most files, and the edges between them.
function limitGraph(nodes, edges, most) {
    for (const edge of edges) for (const end of [edge.from, edge.to]) nodes.get(end).weight += edge.files.size;
    const kept = Array.from(nodes.values())
        .filter((node) => node.weight > 0)
        .sort((a, b) => b.weight - a.weight);
    const shown = new Map(kept.slice(0, most).map((node) => [node.key, node]));
    return {
        nodes: Array.from(shown.values()),
        edges: edges.filter((edge) => shown.has(edge.from) && shown.has(edge.to)),
        all: kept.length,
    };
}

// Layers from left to right. Edges back in time, which a loop between programs has, are turned round for it; where an
// edge passes other layers it has a bend in each, with a place of its own among the boxes.
function layGraph(nodes, edges) {
    const byKey = new Map(nodes.map((node) => [node.key, node]));
    nodes.sort((a, b) => a.first - b.first);
    nodes.forEach((node, at) => Object.assign(node, {rank: at, layer: 0, from: [], to: [], height: NODE_HEIGHT}));
    for (const edge of edges) {
        const from = byKey.get(edge.from),
            to = byKey.get(edge.to),
            back = from.rank > to.rank;
        Object.assign(edge, {source: from, target: to, back, bends: []});
        (back ? to : from).to.push(back ? from : to);
    }
    for (const node of nodes) for (const next of node.to) next.layer = Math.max(next.layer, node.layer + 1);
    const layers = [];
    for (const node of nodes) {
        (layers[node.layer] = layers[node.layer] || []).push(node);
        node.to = [];
    }
    for (const edge of edges) bendEdge(edge, layers);
    for (const layer of layers) layer.forEach((node, i) => (node.place = i));
    for (let round = 0; round < 12; round++) {
        for (const layer of round % 2 ? layers.slice().reverse() : layers) orderLayer(layer, layers, round % 2 === 1);
    }
    return layers;
}

function bendEdge(edge, layers) {
    const [first, last] = edge.back ? [edge.target, edge.source] : [edge.source, edge.target];
    let before = first;
    for (let layer = first.layer + 1; layer <= last.layer; layer++) {
        const next = layer === last.layer ? last : {rank: first.rank, layer, from: [], to: [], height: BEND_HEIGHT};
        before.to.push(next);
        next.from.push(before);
        if (next !== last) {
            layers[layer].push(next);
            edge.bends.push(next);
        }
        before = next;
    }
}

// Each near the middle of what it is joined to in the layer beside.
function orderLayer(layer, layers, toRight) {
    const share = (node) => (node.place + 0.5) / layers[node.layer].length;
    for (const node of layer) {
        const near = toRight ? node.to : node.from;
        node.pull = near.length > 0 ? near.reduce((sum, other) => sum + share(other), 0) / near.length : share(node);
    }
    layer.sort((a, b) => a.pull - b.pull || a.rank - b.rank).forEach((node, i) => (node.place = i));
}

function placeNodes(layers) {
    const heights = layers.map((layer) => layer.reduce((sum, node) => sum + node.height + NODE_GAP, -NODE_GAP)),
        tallest = Math.max(1, ...heights);
    layers.forEach((layer, at) => {
        let y = 30 + (tallest - heights[at]) / 2;
        for (const node of layer) {
            Object.assign(node, {x: 30 + at * (NODE_WIDTH + LAYER_GAP), y});
            y += node.height + NODE_GAP;
        }
    });
    return {width: 30 + layers.length * (NODE_WIDTH + LAYER_GAP) - LAYER_GAP + 30, height: tallest + 60};
}

// The line of an edge, and where its label goes. Both ways between two boxes are two lines.
function edgeLine(edge) {
    const {source, target, back} = edge,
        way = back ? -1 : 1,
        beside = back ? 7 : -4,
        bends = back ? edge.bends.slice().reverse() : edge.bends,
        middle = (node) => node.y + node.height / 2,
        x = back ? source.x : source.x + NODE_WIDTH,
        points = [[x, middle(source) + beside]];
    for (const bend of bends) {
        points.push(
            [back ? bend.x + NODE_WIDTH : bend.x, middle(bend)],
            [back ? bend.x : bend.x + NODE_WIDTH, middle(bend)],
        );
    }
    points.push([back ? target.x + NODE_WIDTH + 9 : target.x - 9, middle(target) + beside]);
    let line = 'M' + points[0].map(Math.round).join(' ');
    points.slice(1).forEach(([toX, toY], at) => {
        const [fromX, fromY] = points[at],
            bend = way * Math.max(20, Math.abs(toX - fromX) / 2);
        const curve = [fromX + bend, fromY, toX - bend, toY, toX, toY].map(Math.round);
        line += at % 2 ? 'L' + curve.slice(4).join(' ') : 'C' + curve.join(' ');
    });
    const label = bends.length > 0 ? bends[0] : null;
    return label
        ? {line, x: label.x + NODE_WIDTH / 2, y: middle(label) - 4}
        : {line, x: (points[0][0] + points[1][0]) / 2, y: (points[0][1] + points[1][1]) / 2 + (back ? 13 : -5)};
}

function shorten(text, most) {
    const letters = Array.from(text.slice(0, 4 * most));
    return letters.length > most ? letters.slice(0, most - 1).join('') + '…' : letters.join('');
}
