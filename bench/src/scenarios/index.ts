import type { Scenario } from "../scenario.js"
import { appends } from "./appends.js"
import { large } from "./large.js"
import { postgres } from "./postgres.js"
import { reads } from "./reads.js"
import { replace } from "./replace.js"
import { sizes } from "./sizes.js"
import { traces } from "./traces.js"

/** Every scenario, in the order of the report. A new one is entered here. */
export const scenarios: readonly Scenario[] = [...appends, ...reads, replace, ...large, ...sizes, traces, ...postgres]
