//! The statements and their recorded answers.

use std::collections::HashMap;

use serde_json::Value;

use crate::answer::Answer;

/// One or several texts, of which the answer of the last is compared.
pub(crate) struct Statement {
    pub(crate) id: String,
    /// Whether the order of rows counts.
    pub(crate) is_ordered: bool,
    /// Whether only names, types and the presence of rows are compared.
    pub(crate) only_shape: bool,
    pub(crate) texts: Vec<String>,
}

impl Statement {
    pub(crate) fn text(&self) -> String {
        self.texts.join("\n;\n")
    }
}

/// Parses blocks of `-- @ID [FLAGS]` and text, in which a line `;` separates statements.
pub(crate) fn statements(corpus: &str) -> Vec<Statement> {
    let blocks = corpus.split("\n-- @").skip(1);
    blocks
        .map(|block| {
            let (head, text) = block.split_once('\n').unwrap_or((block, ""));
            let (id, flags) = head.split_once(' ').unwrap_or((head, ""));
            Statement {
                id: id.to_owned(),
                is_ordered: flags.contains('o'),
                only_shape: flags.contains('s'),
                texts: text.split("\n;\n").map(|text| text.trim_matches('\n').to_owned()).collect(),
            }
        })
        .collect()
}

/// Parses one answer per line: `id`, and either `columns` and `rows`, or `error`.
pub(crate) fn answers(lines: &str) -> HashMap<String, Answer> {
    lines.lines().map(answer).collect()
}

fn answer(line: &str) -> (String, Answer) {
    let mut recorded: Value = serde_json::from_str(line).expect("every line is JSON");
    let id = recorded["id"].as_str().expect("every answer has an id").to_owned();
    if let Some(error) = recorded["error"].as_str() {
        return (id, Answer::Error(error.to_owned()));
    }
    let text = |value: &Value| value.as_str().expect("a name or type is text").to_owned();
    let columns = recorded["columns"].as_array().expect("an answer has columns");
    let columns = columns.iter().map(|column| (text(&column[0]), text(&column[1]))).collect();
    let rows = match recorded["rows"].take() {
        Value::Array(rows) => rows,
        _ => Vec::new(),
    };
    let rows = rows.into_iter().map(|row| match row {
        Value::Array(values) => values,
        other => panic!("a row of {id} is {other}"),
    });
    let rows = rows.collect();
    (id, Answer::Rows { columns, rows })
}
