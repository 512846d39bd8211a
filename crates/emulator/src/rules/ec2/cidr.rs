//! IPv4 ranges.

/// A range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cidr {
    start: u32,
    pub(super) prefix: u32,
}

impl Cidr {
    /// Reads `10.0.0.0/16`. Host bits are cleared, as the service does (trap 53).
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let prefix: u32 = prefix.parse().ok().filter(|prefix| *prefix <= 32)?;
        let address: std::net::Ipv4Addr = address.parse().ok()?;
        Some(Self { start: u32::from(address) & mask(prefix), prefix })
    }

    pub(super) fn contains(self, other: Self) -> bool {
        self.prefix <= other.prefix && other.start & mask(self.prefix) == self.start
    }

    pub(super) fn overlaps(self, other: Self) -> bool {
        self.contains(other) || other.contains(self)
    }

    /// An address by its number in the range.
    pub(super) fn address(self, number: u32) -> String {
        std::net::Ipv4Addr::from(self.start.wrapping_add(number)).to_string()
    }

    /// How many addresses there are.
    pub(super) fn size(self) -> u64 {
        1 << (32 - self.prefix)
    }

    /// True if the text is an address in the range.
    pub(super) fn holds(self, address: &str) -> bool {
        address
            .parse::<std::net::Ipv4Addr>()
            .is_ok_and(|address| u32::from(address) & mask(self.prefix) == self.start)
    }
}

impl std::fmt::Display for Cidr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", std::net::Ipv4Addr::from(self.start), self.prefix)
    }
}

fn mask(prefix: u32) -> u32 {
    u32::MAX.checked_shl(32 - prefix).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_lie_in_each_other_or_not() {
        let of = |text| Cidr::parse(text).unwrap();
        assert!(of("10.0.0.0/16").contains(of("10.0.3.0/24")));
        assert!(!of("10.0.0.0/16").contains(of("10.1.0.0/24")));
        assert!(of("10.0.0.0/24").overlaps(of("10.0.0.128/25")));
        assert_eq!(of("10.0.0.5/24").to_string(), "10.0.0.0/24");
        assert_eq!(of("0.0.0.0/0").to_string(), "0.0.0.0/0");
        assert!(of("10.0.1.0/24").holds("10.0.1.7") && !of("10.0.1.0/24").holds("10.0.2.7"));
        assert_eq!(Cidr::parse("10.0.0.0/33"), None);
        assert_eq!(Cidr::parse("10.0.0/8"), None);
    }
}
