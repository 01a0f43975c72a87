//! `$like_pattern` with every short pattern, every kind of escape, and strings within and beyond
//! the basic plane.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};

use super::{
    super::build::{call, column, conditions, text},
    Table, combinations,
};

const ALPHABET: [char; 5] = ['a', '%', '_', '𝄞', '#'];

/// Returns whether Trino accepts the pattern: every escape precedes `%`, `_` or itself.
fn is_legal(pattern: &str, escape: Option<char>) -> bool {
    let mut chars = pattern.chars();
    while let Some(char) = chars.next() {
        if Some(char) == escape
            && !chars.next().is_some_and(|next| matches!(next, '%' | '_') || Some(next) == escape)
        {
            return false;
        }
    }
    true
}

pub(super) fn run(table: &mut Table) {
    let strings = [
        "",
        "a",
        "aa",
        "a𝄞",
        "𝄞",
        "𝄞a𝄞",
        "%",
        "_a",
        "#",
        "a#_",
        "a\n\u{ffff}",
        "A",
        "e\u{301}",
        "aaaa",
    ];
    let strings: ArrayRef = Arc::new(StringArray::from(strings.to_vec()));
    let rows = combinations(&[("c", &strings)]);
    let mut patterns = vec![String::new()];
    for length in 0..4 {
        let longest: Vec<String> =
            patterns.iter().filter(|pattern| pattern.chars().count() == length).cloned().collect();
        patterns.extend(
            longest.iter().flat_map(|pattern| ALPHABET.map(|next| format!("{pattern}{next}"))),
        );
    }
    for pattern in &patterns {
        for escape in [None, Some('#'), Some('%'), Some('_'), Some('a')] {
            let escape_text = escape.map(|escape| text(&escape.to_string()));
            let arguments: Vec<_> =
                [column("c"), text(pattern)].into_iter().chain(escape_text).collect();
            let like = call("$like_pattern", arguments);
            if is_legal(pattern, escape) {
                table.tally.check(&conditions([like]), &rows);
            } else {
                table.truths_if(false, &like, &rows);
            }
        }
    }
    for pattern in ["%a%", "_%", "", "𝄞%"] {
        table.truths_if(true, &call("$like_pattern", [column("c"), text(pattern)]), &rows);
    }
    let (_, long) = table
        .pools
        .iter()
        .find(|(name, _)| *name == "text")
        .cloned()
        .expect("there is a pool of texts");
    let rows = combinations(&[("c", &long)]);
    for pattern in ["%y", "x%", "%xy%", "%x_", "_%_y", "x%z", "%\0"] {
        table.truths_if(true, &call("$like_pattern", [column("c"), text(pattern)]), &rows);
    }
}
