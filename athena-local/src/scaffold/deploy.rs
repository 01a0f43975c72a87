//! Template that deploys a new crate: that of this workspace, for one connector.

use super::CrateName;

const CONNECTOR: &str = include_str!("../../../deploy/connector.yaml");

/// Returns the template of the workspace without its parameter `Connector`.
pub(super) fn template(name: &CrateName) -> String {
    let mut lines = Vec::new();
    let mut in_parameter = false;
    for line in CONNECTOR.lines() {
        if line.starts_with("  Connector:") {
            in_parameter = true;
        } else if in_parameter && !line.starts_with("   ") {
            in_parameter = false;
        }
        if !in_parameter {
            lines.push(line);
        }
    }
    let mut text = lines.join("\n").replace("Parameters: [Connector, ", "Parameters: [");
    text.push('\n');
    text.replace("!Sub ../connectors/${Connector}", "..")
        .replace("!Sub \"Athena connector ${Connector}\"", &format!("Athena connector {name}"))
        .replace("A connector of this workspace", &format!("The connector {name}"))
        .replace(
            "Default: rust-connector",
            &format!("Default: {}", name.as_str().replace('_', "-")),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_builds_the_crate_that_it_is_in() {
        let text = template(&"web_shop".parse().unwrap());
        assert!(text.contains("CodeUri: ..\n") && text.contains("Default: web-shop\n"), "{text}");
        assert!(!text.contains("${Connector}") && !text.contains("[Connector"), "{text}");
        let left_out = CONNECTOR.lines().count() - text.lines().count();
        assert!((2..9).contains(&left_out), "{left_out} lines are left out");
    }
}
