/** The look of the report, light and dark. */
export const style = `
:root { color-scheme: light dark; --text: #1b1f24; --muted: #59636e; --line: #d9dee3; --ground: #ffffff; --panel: #f6f8fa;
  --run-0: #0b6bcb; --run-1: #c2410c; --run-2: #15803d; --run-3: #7e22ce; --run-4: #a16207; --run-5: #be185d; }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --muted: #9aa4af; --line: #30363d; --ground: #0d1117; --panel: #161b22;
  --run-0: #58a6ff; --run-1: #ff9e64; --run-2: #56d364; --run-3: #d2a8ff; --run-4: #e3b341; --run-5: #ff7b9c; } }
body { margin: 0 auto; padding: 2rem 1rem 4rem; max-width: 62rem; background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 2.5rem 0 .75rem; }
p { margin: .5rem 0; } .muted, figcaption, caption { color: var(--muted); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem; margin: 1.5rem 0; padding: 0; }
.figures div { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: .75rem .9rem; }
.figures dt { color: var(--muted); font-size: .85rem; } .figures dd { margin: 0; font-size: 1.3rem; font-variant-numeric: tabular-nums; }
#charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(28rem, 100%), 1fr)); gap: 1.25rem; }
figure { margin: 0; min-width: 0; overflow: hidden; } figcaption { font-size: .9rem; margin-bottom: .25rem; }
.table { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .35rem .6rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; white-space: normal; min-width: 11rem; } thead th { color: var(--muted); font-weight: 600; }
tr.ours td { font-weight: 600; } caption { caption-side: bottom; text-align: left; font-size: .85rem; padding-top: .5rem; }
pre { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 1rem; overflow-x: auto; font-size: .85rem; }
select { font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .2rem .4rem; }
.u-legend { font-size: .8rem; }
`;
