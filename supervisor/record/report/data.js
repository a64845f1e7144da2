// The data of the page: rows as the C side writes them, made into columns with indexes. docs/record.md has the rows.

const KINDS = [
    'read',
    'write',
    'create',
    'delete',
    'rename',
    'link',
    'metadata',
    'list',
    'look',
    'exec',
    'map',
    'absent',
];
const KIND = Object.fromEntries(KINDS.map((kind, number) => [kind, number]));
const READS = new Set([KIND.read, KIND.exec, KIND.map]);
const WRITES = new Set([KIND.write, KIND.create]);

const ROLES = ['input', 'output', 'temporary', 'deleted', 'absent', 'looked', 'metadata', 'directory'];
const ROLE = Object.fromEntries(ROLES.map((role, bit) => [role, 1 << bit]));
const ROLE_WORDS = {
    input: 'input',
    output: 'output',
    temporary: 'temporary',
    deleted: 'deleted',
    absent: 'absent',
    looked: 'looked at',
    metadata: 'metadata',
    directory: 'directory',
};

const ENOENT = 2;
const HUES = 8; // colours of programs

const IN_LAYER = 1,
    EXCHANGED = 4,
    FOR_BOTH = 16,
    UNRESOLVED = 64;

// Names come sorted; each says how many slashes of the one before it begins with.
function decodePaths(rows) {
    const ids = new Map(),
        names = new Array(rows.length),
        numbers = new Array(rows.length);
    let before = '';
    rows.forEach(([id, slashes, rest], at) => {
        let prefix = 0;
        for (let i = 0; i < slashes; i++) prefix = before.indexOf('/', prefix) + 1;
        before = names[at] = before.slice(0, prefix) + rest;
        numbers[at] = id;
        ids.set(id, at);
    });
    return {names, ids, numbers};
}

function decodeProcesses(rows, strings) {
    const all = rows.map(([id, pid, parent, start, end, code, signal, user, system, resident, program, command]) => ({
        id,
        pid,
        parent: parent || 0,
        start: start || 0,
        end: end ?? null,
        code,
        signal,
        user: user || 0,
        system: system || 0,
        resident: resident || 0,
        program: strings[program] || '',
        command: (command || []).map((word) => strings[word]),
        children: [],
        execs: [],
        depth: 0,
        counts: new Uint32Array(KINDS.length),
        connections: [],
        violations: [],
    }));
    const ids = new Map(all.map((process) => [process.id, process]));
    all.forEach((process, index) => {
        process.index = index;
        process.up = process.parent === process.id ? undefined : ids.get(process.parent);
        if (process.up) process.up.children.push(process);
    });
    return {all, ids};
}

// Parents before children, siblings as they started. What a cycle of parents hides is put at the end.
function orderProcesses(all) {
    const order = [],
        seen = new Set();
    const visit = (root, depth) => {
        const stack = [[root, depth]];
        while (stack.length > 0) {
            const [process, level] = stack.pop();
            if (seen.has(process)) continue;
            seen.add(process);
            process.depth = level;
            order.push(process);
            for (let i = process.children.length - 1; i >= 0; i--) stack.push([process.children[i], level + 1]);
        }
    };
    for (const process of all) if (!process.up) visit(process, 0);
    for (const process of all) visit(process, 0);
    return order;
}

function decodeEvents(rows, data) {
    const n = rows.length,
        kindOf = new Map(data.strings.map((word, at) => [at, KIND[word]]));
    const events = {
        n,
        time: new Float64Array(n),
        process: new Int32Array(n).fill(-1),
        kind: new Uint8Array(n),
        call: new Int32Array(n),
        path: new Int32Array(n).fill(-1),
        path2: new Int32Array(n).fill(-1),
        count: new Float64Array(n),
        error: new Int32Array(n),
        flags: new Int32Array(n),
        said: new Map(),
    };
    let time = 0;
    rows.forEach(([step, process, kind, call, path, more, error, flags, said, path2, said2], at) => {
        events.time[at] = time += step || 0;
        const who = data.processes.ids.get(process);
        if (who) events.process[at] = who.index;
        events.kind[at] = kindOf.get(kind) ?? KIND.look;
        events.call[at] = call ?? -1;
        events.path[at] = data.paths.ids.get(path) ?? -1;
        events.path2[at] = data.paths.ids.get(path2) ?? -1;
        events.count[at] = 1 + (more || 0);
        events.error[at] = error ?? (events.kind[at] === KIND.absent ? ENOENT : 0);
        events.flags[at] = flags || 0;
        if (typeof said === 'number' || typeof said2 === 'number')
            events.said.set(at, [data.strings[said], data.strings[said2]]);
        if (who) who.counts[events.kind[at]]++;
    });
    return events;
}

// For each of `size` keys the events that have it, in their order: list[start[k]] to list[start[k + 1] - 1].
function indexEvents(size, events, ...columns) {
    const start = new Int32Array(size + 1);
    for (const column of columns) for (let i = 0; i < events.n; i++) if (column[i] >= 0) start[column[i] + 1]++;
    for (let i = 0; i < size; i++) start[i + 1] += start[i];
    const next = start.slice(0, size),
        list = new Int32Array(start[size]);
    for (let i = 0; i < events.n; i++) {
        for (const column of columns) if (column[i] >= 0) list[next[column[i]]++] = i;
    }
    return {of: (key) => list.subarray(start[key], start[key + 1]), start, list};
}

// How many processes read, wrote and looked for each path, and when it was first touched.
function summarizePaths(data) {
    const n = data.paths.names.length,
        {events, byPath} = data;
    const sums = {
        readers: new Uint32Array(n),
        writers: new Uint32Array(n),
        lookers: new Uint32Array(n),
        times: new Float64Array(n),
        first: new Float64Array(n).fill(-1),
    };
    const stamps = [0, 1, 2].map(() => new Int32Array(data.processes.all.length + 1).fill(-1));
    for (let path = 0; path < n; path++) {
        for (const event of byPath.of(path)) {
            const kind = events.kind[event];
            const group = READS.has(kind)
                ? 0
                : kind === KIND.look || kind === KIND.list || kind === KIND.absent
                  ? 2
                  : 1;
            sums.times[path] += events.count[event];
            if (sums.first[path] < 0) sums.first[path] = events.time[event];
            const process = events.process[event] + 1;
            if (stamps[group][process] === path) continue;
            stamps[group][process] = path;
            sums[['readers', 'writers', 'lookers'][group]][path]++;
        }
    }
    return sums;
}

function decodeRest(raw, data) {
    const paths = data.paths,
        n = paths.names.length;
    data.roles = new Uint8Array(n);
    data.sizes = new Float64Array(n).fill(-1);
    for (const [path, roles, size] of raw.files) {
        const at = paths.ids.get(path);
        if (at === undefined) continue;
        data.roles[at] = roles || 0;
        if (typeof size === 'number') data.sizes[at] = size;
    }
    data.hashes = new Map();
    for (const [path, state, algorithm, digest, size] of raw.hashes) {
        const at = paths.ids.get(path),
            list = data.hashes.get(at) || [];
        list.push({state: data.strings[state], algorithm: data.strings[algorithm], digest, size: size || 0});
        data.hashes.set(at, list);
    }
    for (const [process, time, program, cut, command, cwd, environment] of raw.execs) {
        const who = data.processes.ids.get(process),
            texts = (list) => list && list.map((word) => data.strings[word]);
        const name = paths.names[paths.ids.get(program)];
        if (who)
            who.execs.push({
                time: time || 0,
                program: name || '',
                cut: Boolean(cut),
                command: texts(command || []),
                cwd: data.strings[cwd],
                environment: texts(environment),
            });
    }
    const whoOf = (row) => data.processes.ids.get(row[1]);
    data.connections = raw.connections.map((row, index) => ({
        index,
        time: row[0] || 0,
        process: whoOf(row),
        kind: data.strings[row[2]] || '',
        call: data.strings[row[3]] || '',
        address: data.strings[row[4]] || '',
        count: 1 + (row[5] || 0),
        error: row[6] || 0,
    }));
    data.violations = raw.violations.map((row, index) => ({
        index,
        time: row[0] || 0,
        process: whoOf(row),
        call: data.strings[row[2]] || '',
        path: data.strings[row[3]] || '',
        rule: data.strings[row[4]] || '',
        text: data.strings[row[5]] || '',
    }));
    for (const connection of data.connections) if (connection.process) connection.process.connections.push(connection);
    for (const violation of data.violations) if (violation.process) violation.process.violations.push(violation);
}

// The end of the run: of its first process, else the last thing that was seen.
function lastTime(data) {
    let last = 1;
    for (const process of data.processes.all) last = Math.max(last, process.start, process.end || 0);
    if (data.events.n > 0) last = Math.max(last, data.events.time[data.events.n - 1]);
    return last;
}

// What a process is called: as it was started, which is shorter than where a link led to, else as its parent.
function nameOf(process, exec) {
    if (!exec && process.up && process.up.name) return process.up.name;
    return baseName(process.command[0] || '') || baseName(process.program) || '?';
}

function loadData(raw) {
    const data = {
        meta: raw.meta,
        strings: raw.strings,
        totals: raw.totals,
        paths: decodePaths(raw.paths),
        processes: decodeProcesses(raw.processes, raw.strings),
    };
    data.events = decodeEvents(raw.events, data);
    data.byPath = indexEvents(data.paths.names.length, data.events, data.events.path, data.events.path2);
    data.byProcess = indexEvents(data.processes.all.length, data.events, data.events.process);
    decodeRest(raw, data);
    data.order = orderProcesses(data.processes.all);
    data.sums = summarizePaths(data);
    data.end = lastTime(data);
    for (const process of data.order) {
        const last = process.execs[process.execs.length - 1];
        if (last) process.command = last.command;
        else if (process.command.length === 0 && process.up) process.command = process.up.command;
        process.name = nameOf(process, last);
        process.stop = Math.max(process.start, process.end === null ? data.end : process.end);
        process.wall = process.stop - process.start;
        process.line = commandLine(process.command) || visible(process.name);
    }
    findPrograms(data);
    // Paths that only name a program or a rule are not listed among the files.
    data.listed = Array.from(data.paths.names.keys()).filter(
        (path) => data.roles[path] !== 0 || data.sums.times[path] > 0,
    );
    return data;
}
