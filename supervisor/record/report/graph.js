// Who made what for whom: which processes read what others wrote, and where the boxes of that are drawn.

const NODE_WIDTH = 190,
    NODE_HEIGHT = 46,
    NODE_GAP = 16,
    LAYER_GAP = 90;
const MOST_NODES = {programs: 48, processes: 120, around: 60};

// Edges between groups of processes: "from" wrote a file before "to" read it. Map of "from\nto" to {from, to, files}.
function fileEdges(data, groupOf) {
    const {events, byPath} = data,
        edges = new Map();
    const add = (writers, reader, path) => {
        for (const writer of writers) {
            if (writer === reader) continue;
            const key = writer + '\n' + reader;
            let edge = edges.get(key);
            if (!edge) edges.set(key, (edge = {from: writer, to: reader, files: new Set()}));
            edge.files.add(path);
        }
    };
    for (const path of data.listed) {
        if (data.roles[path] & ROLE.directory) continue;
        const writers = new Set();
        for (const event of byPath.of(path)) {
            const process = events.process[event];
            if (process < 0 || events.error[event] !== 0) continue;
            const group = groupOf(data.processes.all[process]),
                {reads, writes} = eventUse(events, event, path);
            if (reads && writers.size > 0) add(writers, group, path);
            if (writes) writers.add(group);
        }
    }
    return edges;
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

// Layers from left to right. Edges back in time, which a loop between programs has, do not count for it.
function layGraph(nodes, edges) {
    const byKey = new Map(nodes.map((node) => [node.key, node]));
    nodes.sort((a, b) => a.first - b.first);
    nodes.forEach((node, at) => Object.assign(node, {rank: at, layer: 0, from: [], to: []}));
    for (const edge of edges) {
        const from = byKey.get(edge.from),
            to = byKey.get(edge.to);
        Object.assign(edge, {source: from, target: to, back: from.rank > to.rank});
        (edge.back ? to : from).to.push(edge.back ? from : to);
        (edge.back ? from : to).from.push(edge.back ? to : from);
    }
    for (const node of nodes) for (const next of node.to) next.layer = Math.max(next.layer, node.layer + 1);
    const layers = [];
    for (const node of nodes) (layers[node.layer] = layers[node.layer] || []).push(node);
    const tidy = layers.filter(Boolean);
    tidy.forEach((layer, at) => layer.forEach((node, i) => Object.assign(node, {layer: at, place: i})));
    for (let round = 0; round < 8; round++) {
        for (const layer of round % 2 ? tidy.slice().reverse() : tidy) {
            for (const node of layer) {
                const near = round % 2 ? node.to : node.from;
                node.pull =
                    near.length > 0
                        ? near.reduce(
                              (sum, other) => sum + other.place / Math.max(1, tidy[other.layer].length - 1 || 1),
                              0,
                          ) / near.length
                        : node.place / Math.max(1, layer.length - 1);
            }
            layer
                .sort((a, b) => a.pull - b.pull || a.rank - b.rank)
                .forEach((node, i) => {
                    node.place = i;
                });
        }
    }
    return tidy;
}

function placeNodes(layers) {
    const tallest = Math.max(1, ...layers.map((layer) => layer.length)) * (NODE_HEIGHT + NODE_GAP);
    layers.forEach((layer, at) => {
        const free = (tallest - layer.length * (NODE_HEIGHT + NODE_GAP)) / 2;
        layer.forEach((node, i) =>
            Object.assign(node, {x: 30 + at * (NODE_WIDTH + LAYER_GAP), y: 50 + free + i * (NODE_HEIGHT + NODE_GAP)}),
        );
    });
    return {width: 30 + layers.length * (NODE_WIDTH + LAYER_GAP) - LAYER_GAP + 30, height: tallest + 100};
}

function shorten(text, most) {
    const letters = Array.from(text.slice(0, 4 * most));
    return letters.length > most ? letters.slice(0, most - 1).join('') + '…' : letters.join('');
}
