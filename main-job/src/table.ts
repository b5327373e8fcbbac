import type { Kill, Result } from "./supervisor.js"

/** The end of the job: what was done and found, one fact a line. */
export function formatResult(result: Result): string {
  const { place, documents, edits, editsBefore, typingMs, kill, reloadMs, bytesOnDisk } = result
  const typed = edits - editsBefore
  return formatTable([
    ["store", place],
    ["documents", count(documents)],
    ["edits", editsBefore === 0 ? count(edits) : `${count(edits)}, ${count(editsBefore)} of them there before`],
    ["edits/s", typed === 0 ? "nothing left to type" : count(Math.round((1000 * typed) / typingMs))],
    ...killRows(kill),
    ["bytes on disk", bytesOnDisk === null ? "none" : count(bytesOnDisk)],
    ["reload", `${count(Math.round(reloadMs))} ms, all texts equal`],
  ])
}

function killRows(kill: Kill | null): [string, string][] {
  if (kill === null) return [["process killed", "no (nothing left to type)"]]
  const { process, acknowledged, found } = kill
  const more = found === acknowledged ? "" : `, ${count(found - acknowledged)} more were stored`
  return [
    ["process killed", process ? "yes (SIGKILL)" : "no (memory): the store was left without closing it"],
    ["acknowledged before", `${count(acknowledged)} edits`],
    ["found after", `${count(found)} edits: all acknowledged ones${more}`],
  ]
}

/** Two columns, the first as wide as it needs to be. */
export function formatTable(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join("")
}

function count(value: number): string {
  return value.toLocaleString("en-US")
}
