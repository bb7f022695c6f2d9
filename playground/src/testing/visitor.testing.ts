import { spawnSync } from "node:child_process";
import puppeteer, { type Browser, type ElementHandle, type Page, TimeoutError } from "puppeteer-core";

const kinds = {
  chromium: {
    commands: ["chromium", "chromium-browser", "google-chrome"],
    /** `navigator.gpu` is SwiftShader, the software adapter that it brings along. */
    options: {
      args: [
        ...["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"],
        ...["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan"],
      ],
    },
  },
  firefox: {
    commands: ["firefox", "firefox-esr"],
    options: {
      browser: "firefox" as const,
      extraPrefsFirefox: { "dom.webgpu.enabled": true, "gfx.webgpu.ignore-blocklist": true },
    },
  },
};

const wanted = (process.env.CRAMKIT_BROWSER ?? "chromium") as keyof typeof kinds;
const kind = kinds[wanted];
if (!kind) throw new Error(`CRAMKIT_BROWSER: expected ${Object.keys(kinds).join(" or ")}, got "${wanted}"`);

export const isChromium = wanted === "chromium";
/** The command of the browser, one on the PATH. If there is none that is said loudly. */
export const browserCommand = kind.commands.find(
  (name) => spawnSync(name, ["--version"], { timeout: 20_000 }).status === 0,
);
if (!browserCommand) console.warn(`\n######## The playground is NOT TESTED: no ${wanted} on the PATH ########\n`);

const pathOf = (command: string) => spawnSync("which", [command], { encoding: "utf8" }).stdout.trim();

export const openBrowser = (): Promise<Browser> =>
  puppeteer.launch({
    executablePath: pathOf(browserCommand!),
    headless: true,
    protocolTimeout: 240_000,
    ...kind.options,
  });

/** The longest wait in one call. */
const partMs = 60_000;
const slow = { timeout: Number(process.env.CRAMKIT_PLAYGROUND_WAIT ?? 180_000), polling: 200 };

/** Text that a model learns in seconds, for what is not about learning. */
export const smallWorld = Array.from(
  { length: 400 },
  (_, i) =>
    `The ${["cat", "dog", "queen"][i % 3]} sat on the ${["mat", "boat"][i % 2]} in the morning of day ${i % 7}.`,
).join("\n");

/** A page of a visitor who was never here. */
export const visit = async (browser: Browser, url: string) => {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.setViewport({ width: 1280, height: 900 });
  await page.goto(url);
  const visitor = visitorOf(page);
  await visitor.see("WebAssembly on");
  return { context, page, errors, ...visitor };
};
export type Visitor = Awaited<ReturnType<typeof visit>>;

/** Starts a run on the small world. */
export const trainOnSmallWorld = async (
  { fill, press, see, measureOn }: Visitor,
  device: "cpu" | "webgpu",
  minutes: string,
) => {
  await fill("Or paste", smallWorld);
  await press("Use the pasted text");
  await see("held out to test with");
  await measureOn(device);
  await fill("Minutes", minutes);
  await press("Train");
};

/** Conditions to wait for in the page. */
export const hasGuesses = () => document.querySelectorAll(".guesses tr").length > 0;
export const isBeyond = (step: number) =>
  Number(document.querySelector(".figures > div:nth-child(4) dd")!.textContent.replace(",", "")) > step;

/** What a visitor does, by what the page says. */
export const visitorOf = (page: Page) => {
  /** A wait in vain says what the page showed. In parts: one call of the protocol may not last longer than `protocolTimeout`. */
  const waited = async <Args extends unknown[]>(
    condition: (...args: Args) => unknown,
    { timeout, polling }: typeof slow,
    ...args: Args
  ) => {
    const end = performance.now() + timeout;
    for (;;) {
      const left = Math.max(1, end - performance.now());
      try {
        return await page.waitForFunction(
          condition as (...args: unknown[]) => unknown,
          { polling, timeout: Math.min(left, partMs) },
          ...args,
        );
      } catch (cause) {
        if (cause instanceof TimeoutError && left > partMs) continue;
        const shown = await page.evaluate(() => document.body.textContent).catch(() => "nothing: it is closed");
        throw new Error(`waited in vain for ${args.join(" ") || condition}; the page shows:\n${shown}`, { cause });
      }
    }
  };
  const see = (words: string) => waited((text) => document.body.textContent.includes(text), slow, words).then(() => {});
  return {
    see,
    /** Waits for a condition. By the clock: a browser with work to do draws few frames, and in a tab that is hidden none. */
    async until<Args extends unknown[]>(condition: (...args: Args) => boolean, ...args: Args) {
      await waited(condition, slow, ...args);
    },
    /** Waits for the end of a run of so many minutes. */
    async finish(minutes: number) {
      const timeout = slow.timeout + 2 * minutes * 60_000;
      await waited(() => document.body.textContent.includes("Download the model"), { ...slow, timeout });
    },
    /** As a person does: puppeteer's own passes the service worker by. */
    async reload() {
      await Promise.all([page.waitForNavigation(), page.evaluate(() => location.reload())]);
    },
    async press(name: string) {
      const find = (text: string) =>
        Array.from(document.querySelectorAll("button")).find(
          (one) => one.textContent.trim().startsWith(text) && !one.disabled,
        );
      const button = await waited(find, slow, name);
      await (button as unknown as { click(): Promise<void> }).click();
    },
    /** Types over what a field holds. */
    async fill(label: string, value: string) {
      await page.evaluate(
        (text, content) => {
          const field = Array.from(document.querySelectorAll("label"))
            .find((one) => one.textContent.trim().startsWith(text))!
            .querySelector("input, textarea") as HTMLInputElement | HTMLTextAreaElement;
          const prototype = field instanceof HTMLInputElement ? HTMLInputElement : HTMLTextAreaElement;
          Object.getOwnPropertyDescriptor(prototype.prototype, "value")!.set!.call(field, content);
          field.dispatchEvent(new Event("input", { bubbles: true }));
        },
        label,
        value,
      );
    },
    /** A figure of the run by its name, as it stands on the page. */
    figure: (name: string): Promise<string> =>
      page.evaluate(
        (wanted) =>
          Array.from(document.querySelectorAll(".figures > div"))
            .find((one) => one.querySelector("dt")?.textContent === wanted)
            ?.querySelector("dd")?.textContent ?? "",
        name,
      ),
    /** The guesses for the first mask: `token probability`. */
    guesses: (): Promise<string[]> =>
      page.evaluate(() =>
        Array.from(document.querySelectorAll(".guesses tr")).map(
          (row) => `${row.children[0]!.textContent} ${row.children[2]!.textContent}`,
        ),
      ),
    /** Opens a file by the button. */
    async open(path: string) {
      const input = (await page.$("input[type=file]"))! as ElementHandle<HTMLInputElement>;
      await input.uploadFile(path);
    },
    async chooseSize(name: string) {
      await page.evaluate((wanted) => {
        const choices = Array.from(document.querySelectorAll(".choice"));
        choices
          .find((one) => one.querySelector(".name")!.textContent === wanted)!
          .querySelector("input")!
          .click();
      }, name);
    },
    /** Chooses a device, and waits until a step was measured on it. */
    async measureOn(device: "cpu" | "webgpu") {
      await page.select("select", device);
      await waited(
        () => /^(?!.*about).* tokens\/s$/.test(document.querySelector(".choice.chosen")?.textContent ?? ""),
        slow,
      );
    },
  };
};
