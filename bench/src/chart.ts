import { round } from "./report.js"
import type { Figures } from "./run.js"

/** Colours of a chart on a light and on a dark page. */
const THEMES = {
  light: { text: "#1f2328", muted: "#59636e", ours: "#0969da", limit: "#59636e", others: "#c8d1da" },
  dark: { text: "#f0f6fc", muted: "#9198a1", ours: "#4493f8", limit: "#9198a1", others: "#3d444d" },
} as const

export type Theme = keyof typeof THEMES

export const THEME_NAMES = Object.keys(THEMES) as Theme[]

const WIDTH = 720
const LABELS = 170
const VALUES = 130
const ROW = 26

/** Bars of the drivers' medians, Holdfast first. An image in a page cannot follow its theme, so there is one for each. */
export function barChart({ title, unit, drivers }: Figures, theme: Theme): string {
  const colours = THEMES[theme]
  const entries = Object.entries(drivers)
  const most = Math.max(...entries.map(([, { median }]) => median))
  const bars = entries.map(([name, { median }], at) => {
    const y = 40 + at * ROW
    const width = Math.max(1, ((WIDTH - LABELS - VALUES) * median) / most)
    const colour = name.startsWith("holdfast") ? colours.ours : name.startsWith("raw") ? colours.limit : colours.others
    return [
      `<text x="${LABELS - 8}" y="${y + 14}" text-anchor="end" fill="${colours.text}">${escapeXml(name)}</text>`,
      `<rect x="${LABELS}" y="${y}" width="${width.toFixed(1)}" height="18" rx="2" fill="${colour}"/>`,
      `<text x="${(LABELS + width + 8).toFixed(1)}" y="${y + 14}" fill="${colours.muted}">${round(median)} ${escapeXml(unit)}</text>`,
    ].join("\n")
  })
  const height = 48 + entries.length * ROW
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="${escapeXml(title)}">
<text x="0" y="18" font-weight="600" fill="${colours.text}">${escapeXml(title)}</text>
${bars.join("\n")}
</svg>
`
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;")
}
