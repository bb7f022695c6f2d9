/** The look of the report, light and dark. */
export const style = `
:root { color-scheme: light dark; --text: #1b1f24; --muted: #59636e; --line: #d9dee3; --ground: #ffffff; --panel: #f6f8fa; --shade: #1b1f2433;
  --run-0: #0b6bcb; --run-1: #c2410c; --run-2: #15803d; --run-3: #7e22ce; --run-4: #a16207; --run-5: #be185d; }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --muted: #9aa4af; --line: #30363d; --ground: #0d1117; --panel: #161b22; --shade: #ffffff3a;
  --run-0: #58a6ff; --run-1: #ff9e64; --run-2: #56d364; --run-3: #d2a8ff; --run-4: #e3b341; --run-5: #ff7b9c; } }
body { margin: 0 auto; padding: 2rem 1rem 4rem; max-width: 62rem; background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; overflow-wrap: anywhere; } h2 { font-size: 1.15rem; margin: 2.5rem 0 .75rem; }
p { margin: .5rem 0; } .muted, .note { color: var(--muted); }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(10.6rem, 45%), 1fr)); gap: .6rem; margin: 1.5rem 0 1rem; padding: 0; }
.figures div { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: .6rem .8rem; display: flex; flex-direction: column; justify-content: space-between; }
.figures dt { color: var(--muted); font-size: .8rem; line-height: 1.3; } .figures dd { margin: .2rem 0 0; font-size: 1.15rem; font-variant-numeric: tabular-nums; white-space: nowrap; }
.bar { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: baseline; } .bar .muted { font-size: .85rem; }
#charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr)); gap: 1.25rem; }
figure { margin: 0; min-width: 0; overflow: hidden; } figure.wide { grid-column: 1 / -1; } figcaption { font-size: .9rem; font-weight: 600; color: var(--text); }
body.side-by-side { max-width: 100rem; } body.side-by-side main > p { max-width: 62rem; }
/* A shadow on the side where more of the table is: the two covers scroll away with it. */
.table { overflow-x: auto; background: linear-gradient(90deg, var(--ground) 30%, transparent) 0 / 2.5rem 100% local, linear-gradient(270deg, var(--ground) 30%, transparent) 100% / 2.5rem 100% local,
  linear-gradient(90deg, var(--shade), transparent) 0 / .8rem 100% scroll, linear-gradient(270deg, var(--shade), transparent) 100% / .8rem 100% scroll; background-repeat: no-repeat; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; } .table table { width: 100%; }
.table th, .table td { text-align: right; padding: .35rem .6rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
.side-by-side .table th, .side-by-side .table td { padding-inline: .4rem; }
/* A word or a number stays whole, unless it has no end. */
.table th, .table td.long { white-space: normal; overflow-wrap: break-word; min-width: 5.5rem; max-width: 16rem; } .table th.endless, .table td.endless { overflow-wrap: anywhere; }
.table th:first-child, .table td:first-child { text-align: left; white-space: normal; min-width: 9rem; padding-left: 0; }
.table small { display: block; color: var(--muted); font-weight: 400; font-size: .75rem; line-height: 1.35; } thead th { color: var(--muted); font-weight: 600; vertical-align: bottom; }
tr.ours td { font-weight: 600; } .note { font-size: .85rem; }
details { margin: .75rem 0; } summary { cursor: pointer; }
pre { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 1rem; overflow-x: auto; font-size: .85rem; }
select { font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .2rem .4rem; }
.uplot { width: 100% !important; font: inherit; } .u-legend { font-size: .8rem; text-align: left; padding-left: 3.2rem; font-variant-numeric: tabular-nums; }
.u-legend th { font-weight: 400; color: var(--muted); } .u-legend .u-marker { width: .8em; height: .8em; border-radius: 2px; }
.u-legend .u-series > * { padding: 0 .15rem; } .u-legend .u-series[hidden] { display: none; } .u-legend .u-value { min-width: 3.2rem; }
.u-legend .u-series:has(.u-value:empty) th::after { visibility: hidden; }
.u-legend .u-series th { display: inline-flex; align-items: baseline; } .u-legend .u-series:first-child .u-marker { display: none; } .u-select { background: color-mix(in srgb, var(--run-0) 18%, transparent); }
@media (max-width: 40rem) { .u-legend { padding-left: 0; } .u-legend .u-value:empty, .u-legend .u-series:first-child:has(.u-value:empty) { display: none; } }
`;
