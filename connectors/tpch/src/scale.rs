//! Scale factors, which name the schemas.

use std::str::FromStr;

use athena_connector_sdk::{Error, Result};

/// TPC-H scale factor; 1 is about a gigabyte of text.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Scale(f64);

impl Scale {
    /// Schemas that are listed; other scale factors are accepted as well.
    pub const LISTED: [&'static str; 6] = ["sf0_01", "sf0_1", "sf1", "sf10", "sf100", "sf1000"];

    /// Largest scale factor whose row counts the generator can represent.
    const LARGEST: f64 = 100_000.0;

    /// Returns the factor.
    pub fn factor(self) -> f64 {
        self.0
    }
}

impl FromStr for Scale {
    type Err = Error;

    fn from_str(schema: &str) -> Result<Self> {
        let unknown = || {
            Error::not_found(format!(
                "schema {schema:?} does not exist; use a scale factor such as sf1 or sf0_01, up to \
                 sf{}",
                Self::LARGEST
            ))
        };
        let digits = schema.strip_prefix("sf").ok_or_else(unknown)?;
        let (whole, fraction) = digits.split_once('_').unwrap_or((digits, "0"));
        let is_number = |text: &str| {
            !text.is_empty() && text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !is_number(whole) || !is_number(fraction) {
            return Err(unknown());
        }
        let factor: f64 = format!("{whole}.{fraction}").parse().map_err(|_| unknown())?;
        if factor <= 0.0 || factor > Self::LARGEST {
            return Err(unknown());
        }
        Ok(Self(factor))
    }
}

#[cfg(test)]
mod tests {
    use athena_connector_sdk::ErrorKind;

    use super::*;

    #[test]
    fn a_schema_is_a_scale_factor_with_an_underscore_for_the_decimal_point() {
        let factors =
            Scale::LISTED.map(|schema| schema.parse::<Scale>().unwrap().factor().to_string());
        assert_eq!(factors, ["0.01", "0.1", "1", "10", "100", "1000"]);
    }

    #[test]
    fn anything_else_is_not_found() {
        for schema in [
            "",
            "sf",
            "sf0",
            "sf_1",
            "sf1_",
            "sf-1",
            "sf1.0",
            "sf1e3",
            "SF1",
            "sf100001",
            "sf9999999999999",
            "tiny",
        ] {
            let error = schema.parse::<Scale>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound, "{schema:?}");
        }
    }
}
