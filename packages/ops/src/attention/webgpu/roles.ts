/** Whose gradient a workgroup of the backward pass computes: that of its queries, or of its keys and values. */
export type Role = "query" | "key";

/** One role for all workgroups, or every other one of each. */
export const eitherRole = (roles: readonly Role[], body: (role: Role, block: string) => string): string => {
  const [first, second] = roles;
  if (!second) return body(first!, "group.x");
  return `if (group.x % 2u == 0u) {\n${body(first!, "(group.x / 2u)")}\n} else {\n${body(second, "(group.x / 2u)")}\n}`;
};
