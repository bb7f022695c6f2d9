import type { ComponentChildren } from "preact";

/** A numbered section. */
export const Step = ({ number, title, children }: { number: number; title: string; children: ComponentChildren }) => (
  <section aria-labelledby={`step-${number}`} class="step">
    <h2 id={`step-${number}`}>
      <span class="number" aria-hidden="true">
        {number}
      </span>
      {title}
    </h2>
    {children}
  </section>
);
