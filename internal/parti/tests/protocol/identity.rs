//! A name is an identity: who returns under it within the lease has what it had; two at once do not
//! share it.

use parti::MemberError;

use crate::support::{World, id, ms, secs, sleep, slow};

const NAMES: [&str; 3] = ["a", "b", "c"];

#[tokio::test(start_paused = true)]
async fn a_return_within_the_lease_moves_nothing() {
    for leads in [false, true] {
        let world = World::new(1, 24).await;
        let mut nodes = world.join_all(&NAMES).await;
        world.owned_by(&NAMES, secs(3)).await;
        sleep(secs(1)).await;
        let is_it = |node: &crate::support::Node| node.member.status().leading.is_some() == leads;
        let node = nodes.remove(nodes.iter().position(is_it).expect("there is one"));
        let (name, session) = (node.name().clone(), node.session());
        let (before, grants) = (world.owners(), world.story().grants.len());
        world.publish_all(1);
        drop(node);
        sleep(ms(1000)).await;
        let again = world.join(name.as_str()).await;
        world.publish_all(1);
        world.drained(ms(900)).await;
        sleep(secs(10)).await;
        assert!(again.session() > session);
        assert_eq!(world.owners(), before);
        assert_eq!(world.story().grants.len(), grants, "nobody's grant changes");
        for partition in &before[&name] {
            let chains = world.chains();
            let holder = chains[partition].owner().expect("it is owned");
            assert_eq!(Some(holder.session), again.session());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_with_one_name_the_earlier_ends() {
    for seed in 1..6 {
        let world = World::new(seed, 12).await;
        let _a = world.join_with("a", slow(ms(5))).await;
        let mut first = world.join_with("b", slow(ms(5))).await;
        world.owned_by(&["a", "b"], secs(3)).await;
        world.publish_all(50);
        sleep(ms(50 * seed)).await;
        let second = world.join_with("b", slow(ms(5))).await;
        let ended = tokio::time::timeout(secs(3), first.member.ended()).await;
        let ended = ended.expect("it is told");
        assert!(
            matches!(&ended, Err(MemberError::Replaced(name)) if *name == id("b")),
            "{ended:?}"
        );
        world.drained(secs(3)).await;
        world.owned_by(&["a", "b"], secs(3)).await;
        let owned = world.owners()[&id("b")].len() as u32;
        assert_eq!(second.member.status().owned, owned);
    }
}
