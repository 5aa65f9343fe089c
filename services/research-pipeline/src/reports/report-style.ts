import { createHash } from 'node:crypto';

/** The whole style of the page. Its hash stands in the policy, so that no other style is obeyed. */
export const reportStyle = `
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #ffffff; --faint: #5c6672; --line: #d5dae0; --good: #1a7f4b;
  --fair: #2463a8; --bad: #b3261e; --open: #8a6100; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --paper: #16191d; --faint: #a3acb8; --line: #3a424c;
  --good: #5cc98f; --fair: #7fb2ea; --bad: #f08a82; --open: #e0b252; } }
body { margin: 0 auto; max-width: 50rem; padding: 1.5rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.6 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { line-height: 1.2; } h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
a { color: var(--fair); } cite { font-style: normal; } .faint, figcaption, dt { color: var(--faint); }
.notice, .partial { border: 1px solid var(--open); padding: .75rem 1rem; }
.verdict { font-size: .8em; white-space: nowrap; } .quoted { color: var(--good); fill: var(--good); }
.supported { color: var(--fair); fill: var(--fair); } .unsupported { color: var(--bad); fill: var(--bad); }
.cannot-judge { color: var(--open); fill: var(--open); } .plain { fill: var(--fair); }
svg { max-width: 100%; height: auto; } svg text { font: 13px system-ui, sans-serif; fill: var(--ink); }
details { margin: .25rem 0 .75rem; } blockquote { margin: .5rem 0; padding-left: 1rem; border-left: 3px solid var(--line);
  white-space: pre-wrap; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); }
code { font-size: .85em; } @media print { body { max-width: none; } }
`;

const styleHash = createHash('sha256').update(reportStyle).digest('base64');

/** What the page may do, said in itself so that it holds for a copy on a disk as well: be shown, in its own style. */
export const reportPolicy = `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'`;

/** What is said over HTTP besides: nobody frames it, and it is of no origin. Its links open pages of their own. */
export const reportHttpPolicy = `${reportPolicy}; frame-ancestors 'none'; sandbox allow-popups allow-popups-to-escape-sandbox`;
