#!/bin/bash
# npm init and the install of a local package, without a network.
set -u
. "$(dirname "$0")/lib.sh"
need npm node
export npm_config_offline=true npm_config_audit=false npm_config_fund=false npm_config_update_notifier=false
mkdir -p host/dependency host/project
cat >host/dependency/package.json <<'END'
{ "name": "dependency", "version": "1.0.0", "main": "index.js", "bin": { "say": "say.js" } }
END
echo 'module.exports = "from the dependency";' >host/dependency/index.js
printf '#!/usr/bin/env node\nconsole.log(require("./index.js"));\n' >host/dependency/say.js

snapshot host home >before
expect run_view sh -c 'cd host/project && npm init -y && npm install --install-links=true ../dependency'
[ ! -e host/project/package.json ] || fail "package.json came to be on the host"
[ "$(run_view sh -c 'cd host/project && node -p "require(\"dependency\")"')" = "from the dependency" ] ||
    fail "the installed package cannot be loaded"
[ "$(run_view host/project/node_modules/.bin/say)" = "from the dependency" ] || fail "its program does not run"
[ "$(run_view node -p 'require("./host/project/package.json").dependencies.dependency')" = "file:../dependency" ] ||
    fail "package.json does not name the dependency"
snapshot host home >after
same before after
