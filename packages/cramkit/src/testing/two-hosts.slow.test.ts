import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCramkit } from "./command-line.testing.ts";
import { measuredOf, onRanks, ranksLaunchers, ranksRun, worstDifference } from "./ranks.testing.ts";

// Two network namespaces with names and addresses of their own stand for two machines. They share the disk, as nodes of a cluster do.

const hosts = ["cramkit-1", "cramkit-2"] as const;
const addresses = hosts.map((_, at) => `10.77.0.${at + 1}`);
const ip = (...args: string[]) => spawnSync("ip", args, { encoding: "utf8" });
const openMpi = ranksLaunchers.find(({ name }) => name === "Open MPI");
const mayMakeHosts = process.getuid?.() === 0 && ip("netns", "add", "cramkit-probe").status === 0;
if (mayMakeHosts) ip("netns", "del", "cramkit-probe");
if (!openMpi || !mayMakeHosts)
  console.warn("two-hosts: no Open MPI, no `ip`, or no right to make network namespaces: two hosts are NOT tested");

interface Link {
  readonly stats64: { readonly tx: { readonly bytes: number } };
}

describe.runIf(openMpi && mayMakeHosts)("on two hosts", () => {
  const removeHosts = () => {
    for (const host of hosts) {
      ip("netns", "del", host);
      rmSync(`/etc/netns/${host}`, { recursive: true, force: true });
    }
  };
  beforeAll(() => {
    removeHosts();
    const names = hosts.map((host, at) => `${addresses[at]} ${host}\n`).join("");
    for (const host of hosts) {
      ip("netns", "add", host);
      mkdirSync(`/etc/netns/${host}`, { recursive: true });
      writeFileSync(`/etc/netns/${host}/hosts`, `127.0.0.1 localhost\n${names}`);
    }
    ip("link", "add", "link-1", "netns", hosts[0], "type", "veth", "peer", "name", "link-2", "netns", hosts[1]);
    for (const [at, host] of hosts.entries()) {
      ip("-n", host, "addr", "add", `${addresses[at]}/24`, "dev", `link-${at + 1}`);
      for (const link of ["lo", `link-${at + 1}`]) ip("-n", host, "link", "set", link, "up");
    }
  });
  afterAll(removeHosts);

  it("two ranks that meet over a network learn what one rank does", { timeout: 300_000 }, async () => {
    const root = ranksRun(12);
    const alone = await startCramkit(["run", "recipe.json", "--dir", "alone"], { cwd: root }).ended;
    expect(alone.code, alone.error).toBe(0);
    // What `ssh` is between machines: options, the host, and a command for its shell.
    const remote = join(root, "remote");
    writeFileSync(
      remote,
      `#!/bin/bash
while [[ "$1" == -* ]]; do shift; done
host=$1; shift
exec ip netns exec "$host" unshare --uts sh -c "hostname $host; exec sh -c '$*'"
`,
    );
    chmodSync(remote, 0o755);
    const network = "btl_tcp_if_include 10.77.0.0/24 --mca oob_tcp_if_include 10.77.0.0/24 --mca btl tcp,self";
    const launcher = {
      name: "Open MPI",
      command: `ip netns exec ${hosts[0]} unshare --uts sh -c 'hostname ${hosts[0]}; exec "$@"' sh ${openMpi!.command} --host ${hosts[0]}:1,${hosts[1]}:1 --mca plm_rsh_agent ${remote} --mca ${network}`,
    };
    const together = await onRanks(launcher, [[2, ["run", "recipe.json", "--dir", "together"]]], root);
    expect(together.code, together.error).toBe(0);
    expect(together.error).toContain("training on 2 ranks");
    const [one, two] = ["alone", "together"].map((name) => measuredOf(join(root, name)).filter(({ loss }) => loss));
    expect(two!.length).toBe(one!.length);
    expect(worstDifference(one!, two!)).toBeLessThan(1e-6);
    const [link] = JSON.parse(ip("-n", hosts[0], "-s", "-j", "link", "show", "link-1").stdout) as [Link];
    expect(link.stats64.tx.bytes).toBeGreaterThan(1e5); // gradients went over it
  });
});
