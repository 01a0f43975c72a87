// Decides requests by policies: a JSON array of simulations on standard input, an array of "allow" or "deny" on standard output.
// Requests that cannot be decided are named, and end the program: an unknown action, an ARN of the wrong kind, a broken policy, a
// condition key that the action does not have and that would have been left out of account.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { runSimulation } = createRequire(process.argv[2] + "/")("@cloud-copilot/iam-simulate");

// The simulator checks names against AWS's lists. What these lists lack goes through under a name of the same kind that they have,
// in request and policies alike: an action that AWS documents for resource policies only, and a key with a name inside its name.
const UNLISTED = [
  { name: "glue:ShareResource", as: "glue:GetTable" },
  { name: "kms:EncryptionContext:aws:s3:arn", as: "kms:RequestAlias" },
];

function listed(simulation) {
  let text = JSON.stringify(simulation);
  for (const { name, as } of UNLISTED) {
    const used = JSON.stringify(simulation.resourcePolicy ?? "") + JSON.stringify(simulation.request);
    if (used.includes(`"${name}"`)) {
      if (used.includes(`"${as}"`)) throw new Error(`both ${name} and ${as} are used; choose another name for the first`);
      text = text.replaceAll(`"${name}"`, `"${as}"`);
    }
  }
  return JSON.parse(text);
}

function fault(result) {
  if (result.resultType === "error") return JSON.stringify(result.errors);
  return result.ignoredContextKeys?.length ? `these keys are no keys of the action: ${result.ignoredContextKeys}` : null;
}

const answers = [];
for (const { id, simulation } of JSON.parse(readFileSync(0, "utf8"))) {
  const result = await runSimulation(listed(simulation), {});
  const wrong = fault(result);
  if (wrong) {
    console.error(`${id} cannot be simulated: ${wrong}`);
    process.exitCode = 1;
  }
  answers.push(result.overallResult === "Allowed" ? "allow" : "deny");
}
console.log(JSON.stringify(answers));
