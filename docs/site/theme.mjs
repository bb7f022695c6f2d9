import { DefaultTheme, StructureRouter } from "typedoc";

/** Addresses: a document has that of its file, a part of an interface is under `api/PACKAGE/`. */
export const routerOf = (slugs) =>
  class SiteRouter extends StructureRouter {
    getIdealBaseName(reflection) {
      if (slugs.has(reflection)) return slugs.get(reflection);
      return `api/${super.getIdealBaseName(reflection).replace(/^_?cramkit\//, "")}`;
    }
  };

/** The list of pages beside each page: sections, and the interface of each package at the end. */
export const themeOf = (sections) =>
  class SiteTheme extends DefaultTheme {
    buildNavigation(project) {
      const entry = (reflection, text = reflection.name) => ({ text, path: this.router.getFullUrl(reflection) });
      return [
        ...sections.map(({ title, documents }) => ({ text: title, children: documents.map((one) => entry(one)) })),
        {
          text: "API",
          children: project.children
            .filter(({ variant }) => variant !== "document")
            .map((module) => entry(module))
            .sort((a, b) => (a.text < b.text ? -1 : 1)),
        },
      ];
    }
  };
