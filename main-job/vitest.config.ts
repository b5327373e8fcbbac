import type { ViteUserConfig } from "vitest/config"
import { suiteConfig } from "../scripts/vitest-suite.mjs"

const { test } = suiteConfig("main-job")

const config: ViteUserConfig = { test: { ...test, globalSetup: ["../postgres-store/test/support/global-setup.ts"] } }
export default config
