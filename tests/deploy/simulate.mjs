// Evaluates policies: reads a JSON array of simulations from standard input and writes an array of
// "allow" or "deny" to standard output. Simulations that cannot be evaluated are named on standard
// error and make the program fail: an unknown action, an ARN of the wrong kind, an invalid policy,
// or a condition key that does not apply to the action and that the simulator would ignore.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { runSimulation } = createRequire(process.argv[2] + "/")("@cloud-copilot/iam-simulate");

// The simulator validates names against AWS's lists. Names that the lists lack are replaced, in the
// request and the policies, by a listed name of the same kind: an action documented only for
// resource policies, and a condition key that contains the name of an encryption-context key.
const UNLISTED = [
  { name: "glue:ShareResource", substitute: "glue:DeleteTable" },
  { name: "kms:EncryptionContext:aws:s3:arn", substitute: "kms:RequestAlias" },
];

function withListedNames(simulation) {
  let text = JSON.stringify(simulation);
  for (const { name, substitute } of UNLISTED) {
    const used =
      JSON.stringify(simulation.resourcePolicy ?? "") + JSON.stringify(simulation.request);
    if (used.includes(`"${name}"`)) {
      if (used.includes(`"${substitute}"`)) {
        throw new Error(`${name} and its substitute ${substitute} are both in use`);
      }
      text = text.replaceAll(`"${name}"`, `"${substitute}"`);
    }
  }
  return JSON.parse(text);
}

function errorOf(result) {
  if (result.resultType === "error") return JSON.stringify(result.errors);
  const ignored = result.ignoredContextKeys;
  return ignored?.length ? `condition keys do not apply to the action: ${ignored}` : null;
}

const decisions = [];
for (const { id, simulation } of JSON.parse(readFileSync(0, "utf8"))) {
  const result = await runSimulation(withListedNames(simulation), {});
  const error = errorOf(result);
  if (error) {
    console.error(`${id} cannot be simulated: ${error}`);
    process.exitCode = 1;
  }
  decisions.push(result.overallResult === "Allowed" ? "allow" : "deny");
}
console.log(JSON.stringify(decisions));
