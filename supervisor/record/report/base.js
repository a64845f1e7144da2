// Helpers of the page: elements, numbers for people, and text of any bytes made visible.
//
// Names in the data were chosen by the programs that were recorded, so everything goes into the page as text nodes;
// nothing here or elsewhere takes markup out of a string.

const byId = (id) => document.getElementById(id);

// A new element. Attributes that begin with "on" are listeners; children are elements, strings or null.
function element(tag, attributes, ...children) {
    const made = tag.startsWith('svg:')
        ? document.createElementNS('http://www.w3.org/2000/svg', tag.slice(4))
        : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
        if (value === null || value === undefined || value === false) continue;
        if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
        else made.setAttribute(name, value === true ? '' : value);
    }
    for (const child of children.flat(Infinity)) if (child !== null && child !== undefined) made.append(child);
    return made;
}

function fill(parent, ...children) {
    parent.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
}

// Bytes that are no UTF-8 come as U+DC80 to U+DCFF, one each.
function escapeCharacter(character) {
    const known = {'\n': '\\n', '\t': '\\t', '\r': '\\r', '\\': '\\\\'}[character];
    if (known) return known;
    const code = character.codePointAt(0);
    if (code >= 0xdc80 && code <= 0xdcff) return '\\x' + (code - 0xdc00).toString(16);
    const digits = code.toString(16);
    return code < 0x100
        ? '\\x' + digits.padStart(2, '0')
        : code < 0x10000
          ? '\\u' + digits.padStart(4, '0')
          : '\\U' + digits.padStart(8, '0');
}

// A string as it is shown: what has no form of its own, or turns text around, is spelled.
function visible(text) {
    if (/^[ -[\]-~]*$/.test(text)) return text;
    return text.replace(/[\\\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu, escapeCharacter);
}

function baseName(path) {
    const end = path.length > 1 && path.endsWith('/') ? path.length - 1 : path.length;
    return path.slice(path.lastIndexOf('/', end - 1) + 1) || path;
}

function directoryName(path) {
    const slash = path.lastIndexOf('/');
    return slash <= 0 ? '/' : path.slice(0, slash);
}

const count = (number) => number.toLocaleString('en-US');
const plural = (number, one, many) => count(number) + ' ' + (number === 1 ? one : many || one + 's');

function bytes(number) {
    if (number === null || number === undefined) return '';
    if (number < 1000) return number + ' B';
    const units = ['kB', 'MB', 'GB', 'TB', 'PB', 'EB'];
    let unit = -1;
    do {
        number /= 1000;
        unit++;
    } while (number >= 999.5 && unit < units.length - 1);
    return (number < 9.95 ? number.toFixed(1) : Math.round(number)) + ' ' + units[unit];
}

// Microseconds in words.
function duration(us) {
    if (us === null || us === undefined) return '';
    if (us < 1000) return Math.round(us) + ' µs';
    if (us < 1e6)
        return (us / 1e3).toPrecision(3).replace(/\.?0+$/, (zeros) => (zeros.startsWith('.') ? '' : zeros)) + ' ms';
    if (us < 6e7) return (us / 1e6).toFixed(2) + ' s';
    const seconds = Math.round(us / 1e6);
    if (seconds < 3600) return Math.floor(seconds / 60) + ' min ' + (seconds % 60) + ' s';
    return Math.floor(seconds / 3600) + ' h ' + Math.floor((seconds % 3600) / 60) + ' min';
}

// Words of a command as they are shown: one line that bash would take.
function commandLine(words) {
    return words
        .map((word) => {
            if (/^[\w@%+=:,./-]+$/.test(word)) return word;
            const shown = visible(word);
            if (shown === word.replaceAll('\\', '\\\\')) return "'" + word.replaceAll("'", "'\\''") + "'";
            return "$'" + shown.replaceAll("'", "\\'") + "'";
        })
        .join(' ');
}

const ERRORS = {
    1: 'EPERM',
    2: 'ENOENT',
    5: 'EIO',
    6: 'ENXIO',
    9: 'EBADF',
    11: 'EAGAIN',
    12: 'ENOMEM',
    13: 'EACCES',
    16: 'EBUSY',
    17: 'EEXIST',
    18: 'EXDEV',
    20: 'ENOTDIR',
    21: 'EISDIR',
    22: 'EINVAL',
    26: 'ETXTBSY',
    27: 'EFBIG',
    28: 'ENOSPC',
    30: 'EROFS',
    36: 'ENAMETOOLONG',
    39: 'ENOTEMPTY',
    40: 'ELOOP',
    95: 'EOPNOTSUPP',
    97: 'EAFNOSUPPORT',
    98: 'EADDRINUSE',
    101: 'ENETUNREACH',
    104: 'ECONNRESET',
    110: 'ETIMEDOUT',
    111: 'ECONNREFUSED',
    113: 'EHOSTUNREACH',
    115: 'EINPROGRESS',
};
const errorName = (number) => ERRORS[number] || 'error ' + number;

const SIGNALS = {
    1: 'SIGHUP',
    2: 'SIGINT',
    3: 'SIGQUIT',
    4: 'SIGILL',
    6: 'SIGABRT',
    7: 'SIGBUS',
    8: 'SIGFPE',
    9: 'SIGKILL',
    11: 'SIGSEGV',
    13: 'SIGPIPE',
    14: 'SIGALRM',
    15: 'SIGTERM',
    24: 'SIGXCPU',
    25: 'SIGXFSZ',
    31: 'SIGSYS',
};
const signalName = (number) => SIGNALS[number] || 'signal ' + number;
