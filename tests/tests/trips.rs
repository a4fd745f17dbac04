//! How many round trips a login takes, as a contact sees it: what physics and the servers allow.

use xmppd_tests::missing::present;
use xmppd_tests::server::Kind;
use xmppd_tests::trips::{Course, Login};

/// Half a trip more would show as half a trip more; this much is the machine's.
const DOUBT: f64 = 0.3;

#[test]
fn a_contact_sees_us_after_three_round_trips_and_a_half_and_five_and_a_half_the_first_time() {
    for kind in [Kind::Prosody13, Kind::Ejabberd] {
        let Some(mut course) = present("round trips", Course::lay(kind)) else { continue };
        let Some(measured) = present("round trips", course.daemon(2)) else { return };
        for measured in measured {
            let (most, counted) = match measured.login {
                Login::First => (5.5, 5),
                Login::Resume | Login::Token => (3.5, 3),
            };
            let account = &measured.account;
            let facts = format!("{kind:?}, {:?}: {:.2} seen, {account}", measured.login, measured.seen);
            println!("{facts}");
            assert!(measured.seen <= most + DOUBT, "{facts}");
            assert!(measured.counted <= counted, "{facts}");
            let mechanism = account["auth"]["mechanism"].as_str().unwrap_or_default();
            assert_eq!(mechanism.starts_with("HT-"), measured.login != Login::First, "{facts}");
            assert_eq!(account["stream"]["resumed"], measured.login == Login::Resume, "{facts}");
        }
    }
}
