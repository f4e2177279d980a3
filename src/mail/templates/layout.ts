/** A mail before it becomes text or HTML. No value is escaped. */
export interface MailPage {
  readonly language: string;
  readonly title: string;
  readonly greeting: string;
  readonly before: readonly string[];
  readonly link: string | null;
  readonly button: string | null;
  readonly linkHint: string;
  readonly details: readonly (readonly [name: string, value: string])[];
  /** Whether the link is why the mail was sent. It then comes before the details. */
  readonly linkFirst: boolean;
  readonly after: readonly string[];
  readonly footer: string;
}

export function textOf(page: MailPage): string {
  const details = page.details.map(([name, value]) => `${name}: ${value}`).join('\n');
  const link = page.link === null ? [] : [page.button === null ? page.link : `${page.button}:\n${page.link}`];
  const paragraphs = page.linkFirst ? [...link, ...page.after, details] : [details, ...link, ...page.after];
  const all = [page.greeting, ...page.before, ...paragraphs];
  return `${all.filter((one) => one !== '').join('\n\n')}\n\n-- \n${page.footer}\n`;
}

const FONT = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const BODY = `${FONT};font-size:16px;line-height:1.5;color:#1f2328`;
const SMALL = `${FONT};font-size:13px;line-height:1.5;color:#59636e`;

/** For clients that know style sheets; the others get the same in light colours from the attributes. */
const STYLE = `
:root { color-scheme: light dark; supported-color-schemes: light dark; }
body { margin: 0; }
@media (max-width: 480px) {
  .outside { padding: 0 !important; }
  .card { border-radius: 0 !important; border-left: 0 !important; border-right: 0 !important; padding: 24px 20px !important; }
}
@media (prefers-color-scheme: dark) {
  .page, .outside { background-color: #0d1117 !important; }
  .card { background-color: #161b22 !important; border-color: #3d444d !important; }
  .text, .text td, h1 { color: #e6edf3 !important; }
  .small, .small td { color: #9da7b3 !important; }
  .link { color: #79b8ff !important; }
  .button, .button a { background-color: #1f6feb !important; color: #ffffff !important; }
}`;

/** One column of at most 560 pixels. It names nothing that a client would have to fetch. */
export function htmlOf(page: MailPage): string {
  const paragraph = (text: string) => `<p class="text" style="margin:0 0 16px;${BODY}">${escaped(text)}</p>`;
  const [link, details, after] = [linkOf(page), detailsOf(page), page.after.map(paragraph)];
  const rest = page.linkFirst ? [link, ...after, details] : [details, link, ...after];
  return `<!doctype html>
<html lang="${escaped(page.language)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<meta name="format-detection" content="telephone=no, date=no, address=no, email=no, url=no">
<title>${escaped(page.title)}</title>
<style>${STYLE}
</style>
</head>
<body class="page" style="margin:0;padding:0;background-color:#f3f4f6">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">
<tr><td class="outside" align="center" style="padding:32px 16px;background-color:#f3f4f6">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="max-width:560px;table-layout:fixed">
<tr><td class="card" style="padding:32px;background-color:#ffffff;border:1px solid #d1d9e0;border-radius:12px;overflow-wrap:anywhere;word-break:break-word">
<h1 style="margin:0 0 20px;${BODY};font-size:22px;line-height:1.3;font-weight:600">${escaped(page.title)}</h1>
${[page.greeting, ...page.before].map(paragraph).join('\n')}
${rest.filter((part) => part !== '').join('\n')}
<p class="small" style="margin:24px 0 0;${SMALL}">${escaped(page.footer)}</p>
</td></tr>
</table>
</td></tr>
</table>
</body>
</html>
`;
}

function detailsOf({ details }: MailPage): string {
  if (details.length === 0) return '';
  const rows = details.map(
    ([name, value]) =>
      `<tr><td style="padding:2px 16px 2px 0;${SMALL};white-space:nowrap;vertical-align:top">${escaped(name)}</td><td width="100%" style="padding:2px 0;${SMALL};overflow-wrap:anywhere">${escaped(value)}</td></tr>`,
  );
  return `<table role="presentation" class="small" cellpadding="0" cellspacing="0" border="0" style="margin:0 0 20px">\n${rows.join('\n')}\n</table>`;
}

function linkOf({ link, button, linkHint }: MailPage): string {
  if (link === null) return '';
  const target = escaped(link);
  const shown = `<a class="link" href="${target}" style="color:#0b57d0;word-break:break-all">${target}</a>`;
  if (button === null) return `<p class="text" style="margin:0 0 16px;${BODY}">${shown}</p>`;
  return `<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="margin:8px 0 20px">
<tr><td class="button" align="center" bgcolor="#0b57d0" style="border-radius:8px;background-color:#0b57d0"><a href="${target}" style="display:inline-block;padding:12px 24px;${FONT};font-size:16px;line-height:1.25;font-weight:600;color:#ffffff;text-decoration:none;border-radius:8px;background-color:#0b57d0">${escaped(button)}</a></td></tr>
</table>
<p class="small" style="margin:0 0 20px;${SMALL}">${escaped(linkHint)}<br>${shown}</p>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => ENTITIES[sign]!);
}
