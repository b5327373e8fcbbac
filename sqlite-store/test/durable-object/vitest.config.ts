import type { ViteUserConfig } from "vitest/config"
import { suiteConfig } from "../../../scripts/vitest-suite.mjs"

const { test } = suiteConfig("sqlite-store-workerd")
const config: ViteUserConfig = { test: { ...test, include: ["test/durable-object/**/*.spec.ts"] } }

export default config
