// The page at /docs: /openapi.json, drawn for people.

import { curl, element, snippet } from "/web/page.js";

const METHODS = ["get", "post", "put", "patch", "delete"];

const api = await (await fetch("/openapi.json")).json();

function resolve(schema) {
  if (schema?.$ref) {
    const name = schema.$ref.split("/").at(-1);
    return { ...api.components.schemas[name], ...schema, $ref: undefined };
  }
  return schema ?? {};
}

// The schema behind "this, or nothing".
function present(schema) {
  const found = resolve(schema);
  const choice = found.anyOf?.find((option) => option.type !== "null");
  return choice ? { ...resolve(choice), ...found, anyOf: undefined } : found;
}

function example(schema) {
  const found = present(schema);
  if (found.examples?.length) {
    return found.examples[0];
  }
  if (found.default !== undefined && found.default !== null) {
    return found.default;
  }
  switch (found.type) {
    case "object":
      return exampleOf(found, () => true);
    case "array":
      return [example(found.items)];
    case "integer":
    case "number":
      return found.minimum ?? 1;
    case "boolean":
      return true;
    default:
      return "…";
  }
}

function exampleOf(schema, isWanted) {
  const fields = Object.entries(schema.properties ?? {}).filter(([name]) => isWanted(name));
  return Object.fromEntries(fields.map(([name, field]) => [name, example(field)]));
}

function typeOf(schema) {
  const found = present(schema);
  const nothing = resolve(schema).anyOf?.some((option) => option.type === "null");
  const type = found.format === "date-time" ? "time" : (found.type ?? "anything");
  const names = { string: "text", integer: "whole number", boolean: "true or false", array: "list" };
  const range = rangeOf(found.minimum, found.maximum) || lengthOf(found);
  return [names[type] ?? type, range, nothing ? "or null" : ""].filter(Boolean).join(" ");
}

function rangeOf(low, high) {
  // Ends that are no limits of the game but of the computer say nothing.
  const top = high !== undefined && high < 2 ** 53 ? high : undefined;
  if (low !== undefined && top !== undefined) {
    return `${low}–${top}`;
  }
  return low !== undefined ? `from ${low}` : top !== undefined ? `up to ${top}` : "";
}

function lengthOf({ minLength, maxLength }) {
  if (maxLength === undefined) {
    return minLength ? "that is not empty" : "";
  }
  return `of ${rangeOf(minLength, maxLength)} characters`;
}

// Every field of a schema, those within fields by their path: build_queue[].cost.
function* fieldsOf(schema, prefix = "") {
  const found = present(schema);
  for (const [name, field] of Object.entries(found.properties ?? {})) {
    const path = prefix + name;
    const optional = prefix === "" && found.required && !found.required.includes(name);
    yield { path, type: typeOf(field), optional, text: present(field).description };
    const inner = present(field).type === "array" ? present(field).items : field;
    yield* fieldsOf(inner, path + (inner === field ? "." : "[]."));
  }
}

function table(rows) {
  const lines = rows.map(({ path, type, optional, text }) => {
    const said = [optional ? "optional" : "", text].filter(Boolean).join("; ");
    return element(
      "tr",
      {},
      element("td", {}, path),
      ...(type === undefined ? [] : [element("td", { class: "type" }, type)]),
      element("td", { class: "said" }, ...inline(said)),
    );
  });
  return element("div", { class: "fields" }, element("table", {}, element("tbody", {}, ...lines)));
}

// The little of Markdown that descriptions use: `code` and **strong**.
function inline(text) {
  return text.split(/(\*\*[^*]+\*\*|`[^`]+`)/).map((part) => {
    if (part.startsWith("**")) {
      return element("strong", {}, ...inline(part.slice(2, -2)));
    }
    return part.startsWith("`") ? element("code", {}, part.slice(1, -1)) : part;
  });
}

function paragraphs(text) {
  return text
    .trim()
    .split(/\n\n+/)
    .map((paragraph) => element("p", {}, ...inline(paragraph.replaceAll("\n", " "))));
}

const WRITTEN = {
  path: (name) => `{${name}}`,
  query: (name) => `?${name}=`,
  header: (name) => `${name}:`,
};

function parametersOf(operation) {
  return (operation.parameters ?? []).map((parameter) => ({
    path: WRITTEN[parameter.in](parameter.name),
    // One that may be left out is not sent as null.
    type: typeOf(present(parameter.schema)),
    optional: !parameter.required,
    text: parameter.description ?? present(parameter.schema).description,
  }));
}

function bodyOf(operation) {
  return operation.requestBody?.content["application/json"]?.schema;
}

function requestExample(path, method, operation) {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name) => {
    const parameter = operation.parameters.find((known) => known.name === name);
    return example({ examples: parameter.examples, ...parameter.schema });
  });
  const body = bodyOf(operation) && resolve(bodyOf(operation));
  return curl(method.toUpperCase(), filled, {
    body: body && exampleOf(body, (name) => body.required?.includes(name)),
    token: needsLogin(operation) ? "$TOKEN" : undefined,
  });
}

// An empty requirement among others says that it also goes without.
function needsLogin(operation) {
  return operation.security?.every((requirement) => Object.keys(requirement).length > 0);
}

function askersOf(operation) {
  return operation.tags.includes("host")
    ? "For the host and administrators."
    : "For players who are logged in.";
}

function answersOf(operation) {
  return Object.entries(operation.responses).map(([status, answer]) => ({
    path: status,
    text: status === "200" ? "done" : answer.description,
  }));
}

function section(title, ...content) {
  return [element("h3", {}, title), ...content];
}

function draw(path, method, operation) {
  const [first, ...rest] = operation.description?.split("\n\n") ?? [operation.summary];
  const parameters = parametersOf(operation);
  const body = bodyOf(operation);
  const schema = operation.responses["200"]?.content?.["application/json"]?.schema;
  const answerFields = schema ? [...fieldsOf(schema)] : [];
  const parts = [
    ...rest.flatMap(paragraphs),
    ...(needsLogin(operation)
      ? [element("p", { class: "quiet" }, askersOf(operation))]
      : []),
    ...section("Try it", snippet(requestExample(path, method, operation))),
    ...(parameters.length ? section("Parameters", table(parameters)) : []),
    ...(body ? section("Body", table([...fieldsOf(body)])) : []),
    ...(answerFields.length
      ? section(
          "Answer",
          element("pre", { class: "example" }, JSON.stringify(example(schema), null, 2)),
          table(answerFields.map((field) => ({ ...field, optional: false }))),
        )
      : []),
    ...section("Statuses", table(answersOf(operation))),
  ];
  const badge = element("span", { class: "method", "data-method": method.toUpperCase() });
  badge.textContent = method.toUpperCase();
  return element(
    "details",
    { class: "operation card", id: operation.operationId },
    element(
      "summary",
      {},
      badge,
      element("span", { class: "path" }, path),
      element("span", { class: "summary" }, first.replaceAll("\n", " ")),
    ),
    element("div", { class: "body" }, ...parts),
  );
}

function operationsOf(tag) {
  return Object.entries(api.paths).flatMap(([path, methods]) =>
    METHODS.filter((method) => methods[method]?.tags?.includes(tag)).map((method) => ({
      path,
      method,
      operation: methods[method],
    })),
  );
}

function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) {
    target.open = true;
    target.scrollIntoView();
  }
}

document.getElementById("introduction").append(...paragraphs(api.info.description));
for (const tag of api.tags) {
  const operations = operationsOf(tag.name);
  const title = tag.name[0].toUpperCase() + tag.name.slice(1);
  document.getElementById("contents").append(
    element("h2", {}, title),
    element(
      "ul",
      {},
      ...operations.map(({ operation }) =>
        element(
          "li",
          {},
          element("a", { href: `#${operation.operationId}` }, operation.summary),
        ),
      ),
    ),
  );
  document.getElementById("groups").append(
    element(
      "section",
      { class: "group" },
      element("h2", {}, title),
      element("p", { class: "quiet" }, ...inline(tag.description)),
      ...operations.map(({ path, method, operation }) => draw(path, method, operation)),
    ),
  );
}
addEventListener("hashchange", openTarget);
openTarget();
