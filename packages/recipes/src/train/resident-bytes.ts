/** Memory that this process has in RAM, in bytes; the most that it had if the system does not tell what it has now (no /proc). */
export const residentBytes = (): number => {
  try {
    return process.memoryUsage.rss();
  } catch {
    return 1024 * process.resourceUsage().maxRSS;
  }
};
