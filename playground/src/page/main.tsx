import { render } from "preact";
import { App } from "./app.tsx";
import { isolate } from "./isolate.ts";
import "./style.css";
import "./tokens.css";
import "./chart/loss-chart.css";

await isolate();
render(<App />, document.getElementById("page")!);
