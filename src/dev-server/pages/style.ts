// The one style sheet of all pages, and its hash for the Content-Security-Policy. Nothing is loaded from anywhere.

import { createHash } from 'node:crypto';

export const style = `
:root {
  color-scheme: light dark;
  --page: #f4f5f7; --card: #fff; --text: #1c2330; --soft: #5a6475; --line: #dfe3ea; --field: #8b95a5;
  --accent: #2952cc; --accent-strong: #1e3fa3; --on-accent: #fff; --wash: #eef2fd;
  --bad: #a8201a; --bad-wash: #fdf0ef; --warn: #7a4d00; --warn-wash: #fdf3dc;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #10141b; --card: #191f29; --text: #e7eaf0; --soft: #a3adbd; --line: #2d3643; --field: #6b7689;
    --accent: #93adff; --accent-strong: #b3c5ff; --on-accent: #0e1526; --wash: #1f293d;
    --bad: #ff9d94; --bad-wash: #351d1d; --warn: #f1c376; --warn-wash: #2f2615;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; min-height: 100vh; display: flex; flex-direction: column; align-items: center;
  padding: clamp(1rem, 6vh, 4rem) 1rem 1.5rem; background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
  overflow-wrap: anywhere;
}
header { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem; margin-bottom: 1.25rem; }
header, main, footer { width: 100%; max-width: 27rem; }
.wide header, .wide main, .wide footer { max-width: 44rem; }
header a { display: inline-flex; align-items: center; gap: .5rem; color: inherit; font-weight: 600; text-decoration: none; }
header svg { width: 1.5rem; height: 1.5rem; color: var(--accent); }
.badge {
  margin-left: auto; padding: .15rem .6rem; border-radius: 1rem; background: var(--warn-wash); color: var(--warn);
  font-size: .75rem; font-weight: 600;
}
main {
  background: var(--card); border: 1px solid var(--line); border-radius: .875rem;
  padding: clamp(1.25rem, 5vw, 2rem); box-shadow: 0 1px 2px rgb(16 24 40 / .05), 0 8px 24px rgb(16 24 40 / .05);
}
h1 { margin: 0 0 .4rem; text-wrap: balance; font-size: 1.5rem; line-height: 1.25; letter-spacing: -.01em; }
h2 { margin: 1.75rem 0 .5rem; font-size: 1rem; }
p, dt { text-wrap: pretty; }
p { margin: 0 0 1rem; }
.lead { color: var(--soft); margin-bottom: 1.5rem; }
.lead strong { color: var(--text); }
label { display: block; margin-bottom: .3rem; font-weight: 600; font-size: .9375rem; }
input:not([type=hidden]) {
  display: block; width: 100%; margin-bottom: 1.1rem; padding: .65rem .75rem; font: inherit; color: inherit;
  background: var(--card); border: 1px solid var(--field); border-radius: .5rem;
}
input[aria-invalid=true] { border-color: var(--bad); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.actions { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.5rem; }
button {
  flex: 1 1 7rem; min-height: 2.75rem; padding: .55rem 1rem; font: inherit; font-weight: 600; cursor: pointer;
  border-radius: .5rem; border: 1px solid var(--field); background: transparent; color: var(--text);
}
button:hover { border-color: var(--text); }
button.primary { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
button.primary:hover { background: var(--accent-strong); border-color: var(--accent-strong); }
.alert, .note { padding: .75rem .9rem; border-radius: .5rem; font-size: .9375rem; }
.alert { margin-bottom: 1.25rem; background: var(--bad-wash); color: var(--bad); font-weight: 600; }
.note { margin: 1.5rem 0 0; background: var(--wash); }
.grants { list-style: none; margin: 0 0 1.5rem; padding: 0; }
.grants li { display: flex; flex-wrap: wrap; gap: .75rem; align-items: center; padding: .75rem 0; border-bottom: 1px solid var(--line); }
.grants div { flex: 1 1 12rem; }
.grants small { color: var(--soft); }
.user-code { font: 600 1.5rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; letter-spacing: .08em; text-align: center; }
.scopes { list-style: none; margin: 0 0 1.5rem; padding: 0; border: 1px solid var(--line); border-radius: .625rem; }
.scopes li { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: baseline; gap: 0 1rem; padding: .6rem .9rem; }
.scopes li + li { border-top: 1px solid var(--line); }
.scopes code { color: var(--soft); }
dl { margin: 0; font-size: .9375rem; }
dt { color: var(--soft); }
dd { margin: 0 0 .75rem; }
code { font: .875em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
table { width: 100%; border-collapse: collapse; font-size: .9375rem; }
th, td { padding: .5rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; font-weight: 400; }
th { width: 40%; padding-right: 1rem; color: var(--soft); }
a { color: var(--accent); }
footer { margin-top: 1.25rem; color: var(--soft); font-size: .8125rem; text-align: center; text-wrap: balance; }
@media (max-width: 30rem) {
  header { font-size: .875rem; }
  header svg { width: 1.25rem; }
  .badge { padding: .15rem .45rem; font-size: .6875rem; }
  dd code { font-size: .75rem; }
  .wide th, .wide td { display: block; width: auto; }
  .wide th { border: 0; padding-bottom: 0; }
  .wide td { padding-top: 0; }
}
@media (forced-colors: active) { .badge, .alert, .note { border: 1px solid; } }
`;

export const styleHash = `sha256-${createHash('sha256').update(style).digest('base64')}`;
