/**
 * One trial of one driver in a process of its own: `node trial.js SCENARIO DRIVER PLACE`. Sends its result to the
 * process that started it, or prints it when run by hand, as for a profile.
 */
import type { Place, TrialResult } from "./scenario.js"
import { scenarios } from "./scenarios/index.js"
import { takeTurns } from "./turns.js"

/** What a trial sends back. */
export interface TrialMessage {
  readonly result: TrialResult
}

const [name, driver, place] = process.argv.slice(2)
const scenario = scenarios.find(one => one.name === name)
if (scenario === undefined || driver === undefined || place === undefined) {
  throw new Error("usage: trial.js SCENARIO DRIVER PLACE (JSON)")
}
if (scenario.inTurns === true) takeTurns()
const message: TrialMessage = { result: await scenario.trial(driver, JSON.parse(place) as Place) }
if (process.send === undefined) console.log(message.result)
// Natives such as LMDB may keep threads alive, so the process is ended once the message is out.
else process.send(message, undefined, undefined, () => process.exit(0))
