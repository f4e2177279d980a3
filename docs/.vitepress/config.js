import { fileURLToPath } from 'node:url';
import { slug } from 'github-slugger';
import { defineConfig } from 'vitepress';
import llms from 'vitepress-plugin-llms';

/** The pages are outside this folder, where Vite does not find the package that they import. */
const findVue = {
  name: 'find-vue',
  enforce: 'pre',
  resolveId(source, importer, options) {
    if (!/^vue(\/|$)/.test(source)) return undefined;
    if (options.ssr) return { id: source, external: true };
    if (!importer?.endsWith('.md')) return undefined;
    return this.resolve(source, fileURLToPath(import.meta.url), { ...options, skipSelf: true });
  },
};

const page = ([text, name]) => ({ text, link: `/docs/${name}` });

/** The site of README.md, docs/ and the other documents of the project. Dead links fail the build. */
export default defineConfig({
  title: 'Coatcheck',
  description: 'Session authentication for NestJS that you own',
  srcDir: '..',
  srcExclude: ['**/{build,coverage,dist}/**', '{src,test}/**'],
  rewrites: (id) => id.replace(/README\.md$/, 'index.md'),
  vite: { plugins: [llms({ excludeIndexPage: false }), findVue] },
  markdown: {
    // The anchors of GitHub, so that a link works in both places.
    anchor: { slugify: slug },
    config: ({ core }) => core.ruler.push('readme-is-index', linkToIndex),
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    sidebar: [
      {
        text: 'Start',
        items: [
          { text: 'What it is', link: '/' },
          ...[
            ['Installing', 'installing'],
            ['In your application', 'application'],
            ['Configuration', 'configuration'],
          ].map(page),
        ],
      },
      {
        text: 'Use',
        items: [
          ['The API', 'api'],
          ['Errors', 'errors'],
          ['Sessions', 'sessions'],
          ['Passwords', 'passwords'],
          ['E-mail', 'email'],
          ['Migrating passwords', 'migrating-passwords'],
          ['Guessing', 'guessing'],
          ['Cookies and origins', 'cookies-and-origins'],
          ['The audit trail', 'audit'],
          ['The course contract', 'course-contract'],
        ].map(page),
      },
      {
        text: 'Run',
        items: [
          ['Deployment', 'deployment'],
          ['Behind a proxy', 'proxy'],
          ['Storage', 'storage'],
          ['Operations', 'operations'],
          ['Metrics and traces', 'metrics'],
          ['Upgrading', 'upgrading'],
        ].map(page),
      },
      {
        text: 'Build on it',
        items: [
          ['Your own users', 'own-users'],
          ['Extending', 'extending'],
          ['Testing', 'testing'],
        ].map(page),
      },
      {
        text: 'Judge it',
        items: [
          ['Security', 'security'],
          ['Performance', 'performance'],
          ['Decisions', 'decisions/'],
        ].map(page),
      },
      {
        text: 'Project',
        items: [
          { text: 'Changelog', link: '/CHANGELOG' },
          { text: 'Contributing', link: '/CONTRIBUTING' },
          { text: 'Security policy', link: '/SECURITY' },
        ],
      },
    ],
  },
});

/** The site has `index.html` where the repository has `README.md`. */
function linkToIndex({ tokens }) {
  for (const { children } of tokens)
    for (const token of children ?? [])
      if (token.type === 'link_open')
        token.attrSet('href', token.attrGet('href').replace(/\bREADME\.md(?=#|$)/, 'index.md'));
}
