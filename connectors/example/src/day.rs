//! Partitions of the table.

/// Partition: the visits of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day {
    /// Year of the Gregorian calendar.
    pub year: i32,
    /// Month, from 1 to 12.
    pub month: i32,
    /// Day of the month, from 1 to 31.
    pub day: i32,
}

impl Day {
    /// Returns the folder of the day below `prefix`, named as Hive names partitions.
    pub fn folder(self, prefix: &str) -> String {
        format!("{prefix}year={}/month={:02}/day={:02}/", self.year, self.month, self.day)
    }
}
