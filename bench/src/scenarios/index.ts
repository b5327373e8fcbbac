import type { Scenario } from "../scenario.js"
import { appends } from "./appends.js"
import { reads } from "./reads.js"
import { replace } from "./replace.js"

/** Every scenario, in the order of the report. A new one is entered here. */
export const scenarios: readonly Scenario[] = [...appends, ...reads, replace]
