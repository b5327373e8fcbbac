/** What a trial tells who started it when others are to go on. */
export interface TurnOver {
  readonly turnOver: true
}

let isInTurns = false

/** Called once by a trial of a scenario whose trials take turns. */
export function takeTurns(): void {
  isInTurns = true
}

/** Lets the other trials of the repetition go on, and resolves to true when it is this one's turn again; to false where there are no turns. */
export function turn(): Promise<boolean> {
  const over: TurnOver = { turnOver: true }
  return new Promise(resolve => {
    if (!isInTurns || process.send === undefined) {
      resolve(false)
      return
    }
    process.once("message", () => resolve(true))
    process.send(over)
  })
}
