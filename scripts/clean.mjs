// `npm run clean`: removes what the build made, for when compiler options changed or a source file was renamed.
import { rmSync } from "node:fs"
import { join } from "node:path"
import { root, workspaces } from "./workspaces.mjs"

for (const { folder } of workspaces()) rmSync(join(root, folder, "dist"), { recursive: true, force: true })
for (const folder of ["reports", ".turbo"]) rmSync(join(root, folder), { recursive: true, force: true })
