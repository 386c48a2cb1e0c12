//! Labels by the probability of their categories, worked by hand.

use wardrobe_train::data::Label;
use wardrobe_train::evaluate::classify::rank_labels;
use wardrobe_types::Category as C;

fn label(name: &str, categories: &[C]) -> Label {
    Label {
        name: name.to_owned(),
        categories: categories.to_vec(),
    }
}

#[test]
fn a_label_has_the_probability_of_all_its_categories() {
    let labels = [
        label("t-shirt", &[C::TShirt]),
        label("shoes", &[C::Sneakers, C::Boots, C::Heels]),
        label("pants", &[C::Jeans, C::Chinos]),
        label("hat", &[C::Hat]),
    ];
    let probability = |category| match category {
        C::TShirt => 0.3,
        // Each alone is less likely than the t-shirt, together more: 0.2 + 0.05 + 0.1 = 0.35.
        C::Sneakers => 0.2,
        C::Boots => 0.05,
        C::Heels => 0.1,
        C::Jeans => 0.1,
        C::Chinos => 0.15,
        // Not covered by any label here.
        C::Scarf => 0.1,
        _ => 0.0,
    };
    assert_eq!(rank_labels(&labels, 1, probability), [1, 0, 2, 3]);
    let without_shoes = |category| {
        if category == C::Sneakers {
            0.0
        } else {
            probability(category)
        }
    };
    assert_eq!(rank_labels(&labels, 0, without_shoes), [0, 2, 1, 3]);
}

#[test]
fn equally_likely_labels_keep_their_order() {
    let labels = [
        label("a", &[C::Hat]),
        label("b", &[C::Tie]),
        label("c", &[C::Belt]),
    ];
    assert_eq!(rank_labels(&labels, 2, |_| 0.1), [0, 1, 2]);
}

#[test]
fn labels_that_share_a_category_with_the_photos_own_do_not_compete_with_it() {
    let labels = [
        label("heels", &[C::Heels]),
        label("shoes", &[C::Sneakers, C::Heels]),
        label("sneakers", &[C::Sneakers]),
        label("hat", &[C::Hat]),
    ];
    let probability = |category| match category {
        C::Heels => 0.4,
        C::Sneakers => 0.35,
        C::Hat => 0.25,
        _ => 0.0,
    };
    // Heels are shoes, but no sneakers; shoes may be either.
    assert_eq!(rank_labels(&labels, 0, probability), [0, 2, 3]);
    assert_eq!(rank_labels(&labels, 1, probability), [1, 3]);
    assert_eq!(rank_labels(&labels, 2, probability), [0, 2, 3]);
    assert_eq!(rank_labels(&labels, 3, probability), [1, 0, 2, 3]);
}
