/** A text with a space in it is a sentence for people; nothing these packages compute has one. */
const prose = {
  /** @param {any} path */
  shouldIgnore(path) {
    const { node } = path
    const texts =
      node.type === "StringLiteral"
        ? [node.value]
        : node.type === "TemplateLiteral"
          ? node.quasis.map((/** @type {any} */ quasi) => quasi.value.raw)
          : []
    return texts.some((/** @type {string} */ text) => text.includes(" ")) ? "The wording of a message." : undefined
  },
}

export const strykerPlugins = [{ kind: "Ignore", name: "prose", value: prose }]
