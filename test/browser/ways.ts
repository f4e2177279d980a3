/** A way in which a page of another origin might make its visitor's browser do or tell something. */
export interface Way {
  readonly name: string;
  /** The body of an async function in the page, which returns what the page could read. */
  readonly code: string;
  /** That a request comes of it which asks for a change, and which the server has to refuse. */
  readonly arrives: boolean;
  /** That it takes the page elsewhere. */
  readonly leaves: boolean;
}

/**
 * What is tried on the server: all that signs in or out, or changes something. The page knows more than it ever could.
 * Values end in the sign that a form of text/plain puts between a name and its value: so it sends JSON to the letter.
 */
const TARGETS = {
  login: `{ method: 'POST', path: '/auth_session/login', fields: { email: mallory, password: password + '=' } }`,
  register: `{ method: 'POST', path: '/users', fields: { email: 'planted@example.com', password: password + '=' } }`,
  logout: `{ method: 'DELETE', path: '/auth_session/logout', fields: {} }`,
  rename: `{ method: 'PUT', path: '/users/' + victimId, fields: { first_name: 'Mallory=' } }`,
  remove: `{ method: 'DELETE', path: '/users/' + victimId, fields: {} }`,
  password: `{ method: 'PUT', path: '/users/me/password', fields: { current_password: password, new_password: 'the password of mallory=' } }`,
} as const;

/** What is read: who is there, of whom, and how many. */
const ME = `at('/users/me')`;

/**
 * What every way can use. `at` makes an address of the server that names the way, so that it is known by which way a
 * request has come.
 */
const TOOLBOX = `
  const at = (path) => app + path + (path.includes('?') ? '&' : '?') + 'way=' + way;
  const here = (type, content, more = '') => '/content?' + new URLSearchParams({ type, content }) + more;
  const patience = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const readable = async (answer) => {
    try { return (await (await answer).text()) || null; } catch { return null; }
  };
  const make = (tag, attributes = {}, parent = document.body) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (parent) parent.append(element);
    return element;
  };
  const outcome = (target, good = 'load', bad = 'error') => Promise.race([
    new Promise((resolve) => target.addEventListener(good, () => resolve('loaded'), { once: true })),
    new Promise((resolve) => target.addEventListener(bad, () => resolve(null), { once: true })),
    patience(700).then(() => null),
  ]);
  const loads = (tag, attributes, parent = document.body) => {
    const element = make(tag, attributes, null);
    const result = outcome(element);
    parent.append(element);
    return result;
  };
  const lookInto = (frame) => {
    try { return (frame.contentDocument ?? frame.document).body.innerText || null; } catch { return null; }
  };
  const framed = async (attributes) => {
    const frame = make('iframe', attributes, null);
    const loaded = outcome(frame);
    document.body.append(frame);
    await loaded;
    return lookInto(frame);
  };
  const formOf = ({ method, path, fields }, enctype, attributes = {}, document_ = document) => {
    const override = method === 'POST' ? '' : '?_method=' + method;
    const form = make('form', { method: 'POST', action: at(path + override), enctype, ...attributes }, document_.body);
    const entries = enctype === 'text/plain'
      ? [[JSON.stringify(fields).replace(/="}$|}$/, (end) => (end === '}' ? '"x":"' : '')), '"}']]
      : Object.entries({ ...fields, _method: method });
    for (const [name, value] of entries) make('input', { type: 'hidden', name, value }, form);
    return form;
  };
  const submitInFrame = async (form) => {
    const frame = make('iframe', { name: 'target' });
    form.target = 'target';
    const loaded = outcome(frame);
    form.submit();
    await loaded;
    return lookInto(frame);
  };
  const asJson = ({ method, path, fields }, more = {}) => fetch(at(path), {
    method,
    credentials: 'include',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(fields),
    ...more,
  });
  const asText = (type) => ({ headers: type ? { 'Content-Type': type } : {} });
  const viaXhr = (method, path, type, body, isAsync = true) => new Promise((resolve) => {
    const xhr = new XMLHttpRequest();
    xhr.open(method, at(path), isAsync);
    if (isAsync) xhr.withCredentials = true;
    if (type) xhr.setRequestHeader('Content-Type', type);
    xhr.onload = () => resolve(xhr.responseText || null);
    xhr.onerror = () => resolve(null);
    try { xhr.send(body); } catch { resolve(null); }
  });
  const inFrameOf = async (html, attributes = {}) => {
    const told = new Promise((resolve) => addEventListener('message', ({ data }) => resolve(data), { once: true }));
    make('iframe', { srcdoc: '<body><script>(async () => {' + html + '})()<' + '/script>', ...attributes });
    return Promise.race([told, patience(700).then(() => null)]);
  };
  const target = ({ ${Object.entries(TARGETS)
    .map(([name, target]) => `${name}: ${target}`)
    .join(', ')} });
`;

const way = (name: string, code: string): Way => ({ name, code, arrives: false, leaves: false });
/** One whose request is let go by the browser, so that it is the server which refuses. */
const refused = (name: string, code: string): Way => ({ name, code, arrives: true, leaves: false });
const leaving = (one: Way): Way => ({ ...one, leaves: true });

/** What a form can send; that of files has little that the first has not. */
const ENCTYPES = ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain'] as const;
const NAMES = Object.keys(TARGETS) as (keyof typeof TARGETS)[];

const FORMS: readonly Way[] = [
  ...ENCTYPES.flatMap((enctype) =>
    (enctype === 'multipart/form-data' ? (['login', 'register'] as const) : NAMES).map((name) =>
      refused(
        `a form of ${enctype} to ${name}`,
        `return submitInFrame(formOf(target.${name}, '${enctype}'));`,
      ),
    ),
  ),
  ...(['login', 'logout', 'rename'] as const).map((name) =>
    way(`a form that gets ${name}`, `return submitInFrame(formOf(target.${name}, '', { method: 'GET' }));`),
  ),
  ...ENCTYPES.map((enctype) =>
    leaving(
      refused(
        `a form of ${enctype} that takes the page along`,
        `formOf(target.login, '${enctype}').submit();`,
      ),
    ),
  ),
  refused('a form in a new window', `formOf(target.login, '', { target: '_blank' }).submit();`),
  refused(
    'a form whose button says where and how',
    `const form = formOf(target.login, 'text/plain', { method: 'GET', action: '/' });
     const frame = make('iframe', { name: 'target' });
     const button = make('button', { formmethod: 'POST', formaction: at('/auth_session/login'), formenctype: 'text/plain', formtarget: 'target' }, form);
     const loaded = outcome(frame);
     button.click();
     await loaded;
     return lookInto(frame);`,
  ),
  refused(
    'a form that does not say where it comes from',
    `make('meta', { name: 'referrer', content: 'no-referrer' }, document.head);
     return submitInFrame(formOf(target.login, 'text/plain'));`,
  ),
  refused(
    'a form in a sandbox',
    `const form = formOf(target.login, 'text/plain').outerHTML;
     make('iframe', { sandbox: 'allow-forms allow-scripts', srcdoc: form + '<script>document.forms[0].submit()<' + '/script>' });`,
  ),
  refused(
    'a form in a page of data',
    `const form = formOf(target.login, 'text/plain').outerHTML;
     make('iframe', { src: 'data:text/html,' + encodeURIComponent(form + '<script>document.forms[0].submit()<' + '/script>') });`,
  ),
  refused(
    'a form in a blob',
    `const form = formOf(target.login, 'text/plain').outerHTML;
     const page = new Blob([form, '<script>document.forms[0].submit()<' + '/script>'], { type: 'text/html' });
     make('iframe', { src: URL.createObjectURL(page) });`,
  ),
  ...[307, 308].map((status) =>
    refused(
      `a form that is sent on with ${status}`,
      `const on = '/redirect?status=${status}&to=' + encodeURIComponent(at('/auth_session/login'));
       return submitInFrame(formOf(target.login, 'text/plain', { action: on }));`,
    ),
  ),
];

const FETCHES: readonly Way[] = [
  ...NAMES.map((name) => way(`fetch of JSON to ${name}`, `return readable(asJson(target.${name}));`)),
  ...(['login', 'logout'] as const).map((name) =>
    way(
      `fetch of JSON to ${name} that is not to be read`,
      `return readable(asJson(target.${name}, { mode: 'no-cors' }));`,
    ),
  ),
  ...(['login', 'logout'] as const).map((name) =>
    way(
      `fetch of JSON to ${name} as if it were here`,
      `return readable(asJson(target.${name}, { mode: 'same-origin' }));`,
    ),
  ),
  ...(['cors', 'no-cors'] as const).flatMap((mode) =>
    (
      [
        ['text/plain', `{ ...asText('text/plain') }`],
        ['text that names JSON', `{ ...asText('text/plain; application/json') }`],
        ['no type', `{ headers: {}, body: new TextEncoder().encode(JSON.stringify(target.login.fields)) }`],
        ['a urlencoded form', `{ headers: {}, body: new URLSearchParams(target.login.fields) }`],
        [
          'a multipart form',
          `{ headers: {}, body: Object.entries(target.login.fields).reduce((form, [name, value]) => (form.append(name, value), form), new FormData()) }`,
        ],
        ['nothing', `{ headers: {}, body: '' }`],
      ] as const
    ).map(([what, more]) =>
      refused(
        `fetch of ${what} to login, ${mode}`,
        `return readable(asJson(target.login, { mode: '${mode}', ...${more} }));`,
      ),
    ),
  ),
  way(
    'fetch of a blob of JSON that is not to be read',
    `const body = new Blob([JSON.stringify(target.login.fields)], { type: 'application/json' });
     return readable(asJson(target.login, { mode: 'no-cors', headers: {}, body }));`,
  ),
  ...[
    `[['Content-Type', 'text/plain'], ['Content-Type', 'application/json']]`,
    `[['Content-Type', 'application/json'], ['Content-Type', 'text/plain']]`,
    `[['Content-Type', 'text/plain'], ['Origin', app.slice(0, -7)], ['Sec-Fetch-Site', 'same-origin'], ['X-Forwarded-Host', location.host]]`,
    `[['Content-Type', 'text/plain'], ['X-HTTP-Method-Override', 'DELETE'], ['X-HTTP-Method-Override', 'PUT']]`,
    `[['Content-Type', 'application/json'], ['Access-Control-Request-Method', 'GET'], ['Access-Control-Request-Method', 'POST']]`,
    `[['Content-Type', 'application/json'], ['Access-Control-Request-Headers', 'accept'], ['Host', location.host]]`,
  ].map((headers, index) =>
    way(
      `fetch with headers given twice or forged (${index + 1})`,
      `return readable(asJson(target.login, { headers: ${headers} }));`,
    ),
  ),
  ...['omit', 'same-origin'].map((credentials) =>
    refused(
      `fetch of text to login, credentials ${credentials}`,
      `return readable(asJson(target.login, { credentials: '${credentials}', ...asText('text/plain') }));`,
    ),
  ),
  leaving(
    refused(
      'fetch that outlives the page',
      `void asJson(target.login, { keepalive: true, ...asText('text/plain') }).catch(() => {}); location.href = '/';`,
    ),
  ),
  refused(
    'fetch that does not say where it comes from',
    `return readable(asJson(target.login, { mode: 'no-cors', referrerPolicy: 'no-referrer', ...asText('text/plain') }));`,
  ),
  ...[307, 308].map((status) =>
    refused(
      `fetch that is sent on with ${status}`,
      `const on = '/redirect?status=${status}&to=' + encodeURIComponent(at('/auth_session/login'));
       return readable(fetch(on, { method: 'POST', credentials: 'include', mode: 'no-cors', body: JSON.stringify(target.login.fields) }));`,
    ),
  ),
  refused(
    'fetch in a sandbox',
    `return inFrameOf('const text = await fetch("' + at('/auth_session/login') + '", { method: "POST", credentials: "include", mode: "no-cors", body: "{}" }).then((answer) => answer.text(), () => ""); parent.postMessage(text, "*")', { sandbox: 'allow-scripts' }).then((text) => text || null);`,
  ),
  refused(
    'fetch in a worker',
    `const code = 'fetch("' + at('/auth_session/login') + '", { method: "POST", credentials: "include", mode: "no-cors", body: "{}" }).then((answer) => answer.text()).catch(() => "").then((text) => postMessage(text))';
     const worker = new Worker(URL.createObjectURL(new Blob([code])));
     return (await new Promise((resolve) => { worker.onmessage = ({ data }) => resolve(data); })) || null;`,
  ),
  refused(
    'fetch in a service worker',
    `const code = 'onmessage = async ({ data, source }) => { const texts = []; for (const [url, options] of data) texts.push(await fetch(url, options).then((answer) => answer.text()).catch(() => "")); source.postMessage(texts.join("")); }';
     const { installing, waiting, active } = await navigator.serviceWorker.register(here('text/javascript', code));
     const told = new Promise((resolve) => { navigator.serviceWorker.onmessage = ({ data }) => resolve(data); });
     const options = { credentials: 'include', mode: 'no-cors' };
     (installing ?? waiting ?? active).postMessage([[at('/auth_session/login'), { ...options, method: 'POST', body: '{}' }], [${ME}, options], [${ME}, { credentials: 'include' }]]);
     return (await told) || null;`,
  ),
];

const XHRS: readonly Way[] = [
  refused(
    'XHR of text to login',
    `return viaXhr('POST', '/auth_session/login', 'text/plain', JSON.stringify(target.login.fields));`,
  ),
  refused(
    'XHR of a form to register',
    `return viaXhr('POST', '/users', 'application/x-www-form-urlencoded', new URLSearchParams(target.register.fields).toString());`,
  ),
  refused('XHR that waits', `return viaXhr('POST', '/auth_session/login', 'text/plain', '{}', false);`),
  way(
    'XHR of JSON to login',
    `return viaXhr('POST', '/auth_session/login', 'application/json', JSON.stringify(target.login.fields));`,
  ),
  way('XHR to logout', `return viaXhr('DELETE', '/auth_session/logout');`),
  way(
    'XHR to password',
    `return viaXhr('PUT', '/users/me/password', 'application/json', JSON.stringify(target.password.fields));`,
  ),
  way('XHR that reads', `return viaXhr('GET', '/users/me');`),
];

const BEACONS: readonly Way[] = [
  refused(
    'a beacon of text',
    `navigator.sendBeacon(at('/auth_session/login'), JSON.stringify(target.login.fields));`,
  ),
  refused(
    'a beacon of a form',
    `navigator.sendBeacon(at('/users'), new URLSearchParams(target.register.fields));`,
  ),
  refused(
    'a beacon of a multipart form',
    `const form = new FormData();
     form.append('email', mallory);
     navigator.sendBeacon(at('/auth_session/login'), form);`,
  ),
  way(
    'a beacon of JSON',
    `navigator.sendBeacon(at('/auth_session/login'), new Blob([JSON.stringify(target.login.fields)], { type: 'application/json' }));`,
  ),
  refused('the ping of a link', `make('a', { href: '#', ping: at('/auth_session/login') }).click();`),
  refused(
    'the report of a broken policy',
    `make('iframe', { src: here('text/html', '<img src=x>', '&reports=' + encodeURIComponent(at('/auth_session/login'))) });`,
  ),
];

const READINGS: readonly Way[] = [
  ...['/users/me', '/users', '/stats', '/status', '/users?limit=1'].map((path) =>
    way(`fetch of ${path}`, `return readable(fetch(at('${path}'), { credentials: 'include' }));`),
  ),
  way(
    'fetch that is not to be read',
    `return readable(fetch(${ME}, { credentials: 'include', mode: 'no-cors' }));`,
  ),
  way(
    'fetch as if it were here',
    `return readable(fetch(${ME}, { credentials: 'include', mode: 'same-origin' }));`,
  ),
  way('fetch without credentials', `return readable(fetch(at('/status'), { credentials: 'omit' }));`),
  way(
    'fetch in a sandbox that reads',
    `return inFrameOf('const text = await fetch("' + ${ME} + '", { credentials: "include" }).then((answer) => answer.text(), () => ""); parent.postMessage(text, "*")', { sandbox: 'allow-scripts' }).then((text) => text || null);`,
  ),
  way(
    'the cache of the page',
    `const cache = await caches.open('loot');
     const answer = await fetch(${ME}, { credentials: 'include', mode: 'no-cors' }).catch(() => null);
     if (answer) await cache.put('/loot', answer);
     return answer && readable(cache.match('/loot'));`,
  ),
  way(
    'how long and how much a request was',
    `await fetch(${ME}, { credentials: 'include', mode: 'no-cors' }).catch(() => {});
     const [entry] = performance.getEntriesByName(${ME});
     return entry && (entry.responseStatus || entry.transferSize || entry.encodedBodySize) ? JSON.stringify(entry) : null;`,
  ),
  way('an image', `return loads('img', { src: ${ME} });`),
  way('an image of another origin', `return loads('img', { src: ${ME}, crossorigin: 'use-credentials' });`),
  way(
    'an image in SVG',
    `const svg = make('div'); svg.innerHTML = '<svg><image href="' + ${ME} + '"/></svg>'; return outcome(svg.querySelector('image'));`,
  ),
  way('a button of an image', `return loads('input', { type: 'image', src: ${ME} });`),
  way('a script', `return loads('script', { src: ${ME} });`),
  way(
    'a script of another origin',
    `return loads('script', { src: ${ME}, crossorigin: 'use-credentials' });`,
  ),
  way('a script of the list', `return loads('script', { src: at('/users') });`),
  way(
    'a script that calls back',
    `globalThis.loot = () => 'called'; return loads('script', { src: at('/users/me?callback=loot') });`,
  ),
  way('a module', `return loads('script', { type: 'module', src: ${ME} });`),
  way('an import', `return import(${ME}).then(() => 'imported', () => null);`),
  way(
    'an import of JSON',
    `return import(${ME}, { with: { type: 'json' } }).then((json) => JSON.stringify(json), () => null);`,
  ),
  way('a style sheet', `return loads('link', { rel: 'stylesheet', href: ${ME} }, document.head);`),
  way(
    'an import of a style sheet',
    `const style = make('style', {}, null);
     style.textContent = '@import url("' + ${ME} + '");';
     document.head.append(style);
     await patience(100);
     try { return style.sheet.cssRules[0].styleSheet.cssRules.length > 0 ? 'rules' : null; } catch { return null; }`,
  ),
  way(
    'a background',
    `make('div', { style: 'width: 9px; height: 9px; background: url("' + ${ME} + '")' }); await patience(100); return null;`,
  ),
  way(
    'a font',
    `const face = new FontFace('loot', 'url("' + ${ME} + '")'); return face.load().then(() => 'loaded', () => null);`,
  ),
  ...(['fetch', 'script', 'image'] as const).map((kind) =>
    way(
      `a preload of ${kind}`,
      `return loads('link', { rel: 'preload', as: '${kind}', href: ${ME}, crossorigin: 'use-credentials' }, document.head);`,
    ),
  ),
  way(
    'a preload of a module',
    `return loads('link', { rel: 'modulepreload', href: ${ME}, crossorigin: 'use-credentials' }, document.head);`,
  ),
  way(
    'a prefetch',
    `await loads('link', { rel: 'prefetch', href: ${ME} }, document.head); return readable(fetch(${ME}, { cache: 'only-if-cached', mode: 'same-origin' }));`,
  ),
  way(
    'a manifest',
    `make('link', { rel: 'manifest', href: ${ME}, crossorigin: 'use-credentials' }, document.head); await patience(100); return null;`,
  ),
  way(
    'an icon',
    `make('link', { rel: 'icon', href: ${ME} }, document.head); await patience(100); return null;`,
  ),
  way(
    'a video',
    `return Promise.race([outcome(make('video', { src: ${ME}, preload: 'auto' }), 'loadedmetadata')]);`,
  ),
  way('a sound', `return outcome(make('audio', { src: ${ME}, preload: 'auto' }), 'loadedmetadata');`),
  way(
    'subtitles',
    `const video = make('video', { crossorigin: 'use-credentials' });
     const track = make('track', { kind: 'captions', src: ${ME}, default: '' }, video);
     track.track.mode = 'showing';
     return outcome(track);`,
  ),
  way('an object', `return loads('object', { data: ${ME}, type: 'application/json' });`),
  way(
    'an object of HTML',
    `const element = make('object', { data: ${ME}, type: 'text/html' }); await patience(200); return lookInto(element);`,
  ),
  way(
    'an embedded document',
    `const element = make('embed', { src: ${ME}, type: 'text/html' }); await patience(200); return null;`,
  ),
  way('a frame', `return framed({ src: ${ME} });`),
  way('a frame in a sandbox', `return framed({ src: ${ME}, sandbox: 'allow-scripts allow-same-origin' });`),
  way(
    'a frame of the page of the API',
    `const frame = make('iframe', { src: app.slice(0, -7) + '/docs' }); await patience(300); return frame.contentWindow.length > 0 ? 'framed' : lookInto(frame);`,
  ),
  way(
    'a frame after both gave up their hosts',
    `try { document.domain = 'site.test'; } catch {}
     return framed({ src: ${ME} });`,
  ),
  way(
    'a window',
    `const opened = open(${ME});
     await patience(300);
     return opened && (lookInto(opened) ?? (opened.length > 0 ? 'framed' : null));`,
  ),
  way(
    'a window that writes to its opener',
    `const told = outcome(globalThis, 'message'); open(${ME}); return told;`,
  ),
  leaving(way('a navigation', `location.href = ${ME};`)),
  leaving(way('a navigation to logout', `location.href = at('/auth_session/logout?_method=DELETE');`)),
  leaving(way('a link to logout', `make('a', { href: at('/auth_session/logout') }).click();`)),
  leaving(
    way(
      'a refresh',
      `make('meta', { 'http-equiv': 'refresh', content: '0;url=' + ${ME} }, document.head); await patience(200);`,
    ),
  ),
  way(
    'a refresh to logout in a frame',
    `return framed({ src: here('text/html', '<meta http-equiv=refresh content="0;url=' + at('/auth_session/logout') + '">') });`,
  ),
  way(
    'an event source',
    `const source = new EventSource(${ME}, { withCredentials: true }); const result = await outcome(source, 'message'); source.close(); return result;`,
  ),
  ...['/users/me', '/auth_session/logout'].map((path) =>
    way(
      `a WebSocket to ${path}`,
      `return outcome(new WebSocket(at('${path}').replace('https:', 'wss:')), 'open');`,
    ),
  ),
  way(
    'a worker of its own',
    `try { return await outcome(new Worker(${ME}), 'message'); } catch { return null; }`,
  ),
  way(
    'scripts of a worker',
    `const worker = new Worker(URL.createObjectURL(new Blob(['try { importScripts("' + ${ME} + '"); postMessage("imported") } catch { postMessage("") }'])));
     return (await new Promise((resolve) => { worker.onmessage = ({ data }) => resolve(data); })) || null;`,
  ),
  way(
    'a picture of an image',
    `const image = make('img', { src: ${ME} }, null);
     await outcome(image);
     const canvas = make('canvas');
     try { canvas.getContext('2d').drawImage(image, 0, 0); return image.naturalWidth > 0 ? canvas.toDataURL() : null; } catch { return null; }`,
  ),
  way(
    'what the address bar would fetch ahead',
    `const rules = make('script', { type: 'speculationrules' }, null); rules.textContent = JSON.stringify({ prefetch: [{ source: 'list', urls: [${ME}] }] }); document.head.append(rules); await patience(100); return null;`,
  ),
];

const COOKIES: readonly Way[] = [
  '__Host-sid=tossed; Domain=site.test; Path=/; Secure',
  '__Host-sid=tossed; Path=/api; Secure',
  '__host-sid=tossed; Domain=site.test; Path=/; Secure',
  '=__Host-sid=tossed; Domain=site.test; Path=/; Secure',
  '__Host-sid\t=tossed; Domain=site.test; Path=/; Secure',
  '\u00a0__Host-sid=tossed; Domain=site.test; Path=/; Secure',
].map((cookie) => way(`a cookie: ${JSON.stringify(cookie)}`, `document.cookie = ${JSON.stringify(cookie)};`));

export const WAYS: readonly Way[] = [...FORMS, ...FETCHES, ...XHRS, ...BEACONS, ...READINGS, ...COOKIES];

/** A way as a script for a page, given what the page is to know. */
export function scriptOf({ code }: Pick<Way, 'code'>, facts: Readonly<Record<string, string>>): string {
  return `(async ({ ${Object.keys(facts).join(', ')} }) => { ${TOOLBOX} ${code} })(${JSON.stringify(facts)})`;
}
