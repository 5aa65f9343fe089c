// Where the transport is the domain: the gateway's own trade, and the providers that chat-router calls.
// `mount-ingress` is what the routes of several dialects have in common.
const transportFolders = [
  '^services/gateway/src/(edge|forwarding|documents)/',
  '^services/chat-router/src/providers/',
  '^services/chat-router/src/completions/mount-ingress\\.ts$',
];

/** The architecture as rules: each forbids everywhere and lists its exceptions. `npm run check` runs them. */

const testFiles = '(\\.test\\.ts$|/test/)';
const processFiles =
  '/src/(main|migrate|create-admin|dead-letters|alertmanager-main|test-rules-main|documents/write-openapi)\\.ts$';
const transport = [
  '(^|/)node_modules/(express|http-proxy-middleware|bullmq|passport|passport-jwt|undici|ws)/',
  '^packages/(http|queue)/',
];

export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one file, or a third is missing.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'services-are-islands',
      comment: 'Services speak over HTTP and queues, so that each is built and deployed alone.',
      severity: 'error',
      from: { path: '^services/([^/]+)/' },
      to: { path: '^services/', pathNot: '^services/$1/' },
    },
    {
      name: 'packages-know-no-service',
      comment: 'A package is used by services; it never learns which. The test kit may start the embedded stack.',
      severity: 'error',
      from: { path: '^packages/', pathNot: '^packages/test-kit/' },
      to: { path: '^(services|infra|e2e|bench)/' },
    },
    {
      name: 'test-kit-knows-no-service',
      severity: 'error',
      from: { path: '^packages/test-kit/' },
      to: { path: '^(services|e2e|bench)/' },
    },
    {
      name: 'stack-and-suites-stay-outside',
      comment: 'The mesh is started, tested and measured from outside, as its users meet it.',
      severity: 'error',
      from: { path: '^(infra|e2e|bench)/' },
      to: { path: '^services/[^/]+/src/' },
    },
    {
      name: 'packages-through-their-index',
      comment: 'What a package does not export is its own business.',
      severity: 'error',
      from: { path: '^(packages|services)/([^/]+)/' },
      to: { path: '^packages/[^/]+/', pathNot: ['^$1/$2/', '^packages/[^/]+/src/(index|register)\\.ts$'] },
    },
    {
      name: 'contracts-need-zod-only',
      severity: 'error',
      from: { path: '^packages/contracts/src/', pathNot: testFiles },
      to: { pathNot: ['^packages/contracts/', '(^|/)node_modules/zod/'] },
    },
    {
      name: 'the-ground-stands-alone',
      comment: 'Errors and ids are imported by everything and import nothing.',
      severity: 'error',
      from: { path: '^packages/(errors|ids)/src/', pathNot: testFiles },
      to: { dependencyTypesNot: ['core'], pathNot: '^packages/$1/' },
    },
    {
      name: 'sql-lives-in-stores',
      comment: 'Only stores and migrations build queries; others may name the types of a database or transaction.',
      severity: 'error',
      from: { path: '^services/[^/]+/src/', pathNot: ['-store\\.ts$', testFiles] },
      to: { path: '(^|/)node_modules/(kysely|pg)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'stores-know-no-transport',
      comment: 'A store speaks SQL and nothing else.',
      severity: 'error',
      from: { path: '^services/[^/]+/src/.*-store\\.ts$' },
      to: { path: [...transport, '^packages/redis/'] },
    },
    {
      name: 'domain-knows-no-transport',
      comment: 'Rules and use cases are called by routes, workers and app; they do not know by whom.',
      severity: 'error',
      from: {
        path: '^services/[^/]+/src/',
        pathNot: [
          ...['/routes\\.ts$', '\\.worker\\.ts$', '^services/[^/]+/src/app/', processFiles, testFiles],
          ...transportFolders,
        ],
      },
      to: { path: transport, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'app-is-the-top',
      comment: 'Only entry files import app/*. The vocabulary of events and the table types may be named by all.',
      severity: 'error',
      from: { path: '^services/[^/]+/src/', pathNot: ['^services/[^/]+/src/app/', processFiles, testFiles] },
      to: { path: '^services/[^/]+/src/app/', pathNot: '/app/(events|schema)\\.ts$' },
    },
    {
      name: 'use-cases-know-no-route',
      severity: 'error',
      from: {
        path: '^services/[^/]+/src/',
        pathNot: ['^services/[^/]+/src/app/', processFiles, testFiles],
      },
      to: { path: '^services/.*(/routes|\\.worker)\\.ts$' },
    },
    {
      name: 'development-stays-outside',
      comment: 'What ships imports neither the test kit nor a test nor a development dependency.',
      severity: 'error',
      from: { path: '^(packages|services)/[^/]+/(src|migrations)/', pathNot: [testFiles, '^packages/test-kit/'] },
      to: { path: ['^packages/test-kit/', testFiles] },
    },
    {
      name: 'no-development-dependencies',
      severity: 'error',
      from: { path: '^(packages|services)/[^/]+/(src|migrations)/', pathNot: [testFiles, '^packages/test-kit/'] },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: '(^|/)node_modules/@types/' },
    },
    {
      name: 'everything-resolves',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: '(^|/)node_modules/' },
    // Ours alone: what packages of others ship lies in a `dist` too.
    exclude: { path: '^(packages|services)/[^/]+/dist/|^infra/local/dist/' },
    tsPreCompilationDeps: 'specify',
    tsConfig: { fileName: '.config/tsconfig.tests.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@signalbox/source', 'import', 'node', 'default'],
      extensions: ['.ts', '.mjs', '.js', '.json', '.d.ts'],
    },
  },
};
