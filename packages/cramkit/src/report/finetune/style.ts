/** What this page has besides the style of every report. */
export const plotStyle = `.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(24rem, 100%), 1fr)); gap: 1.25rem; }
svg text { fill: var(--muted); font-size: 12px; } svg .grid { stroke: var(--line); } td.hit { font-weight: 600; } .mistake { margin: .75rem 0; overflow-wrap: anywhere; }`;

/** The colour of a plot's line, as the theme has it. */
export const lineColour = (index: number): string => `var(--run-${index})`;
