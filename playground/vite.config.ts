import { site } from "./vite/site.ts";

export default site;
