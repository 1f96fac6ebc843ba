from foldwise.seeds import Purpose, derive, generator


def test_the_same_position_gives_the_same_seed_and_others_differ():
    seeds = [
        derive(purpose, seed, *place) for purpose in Purpose for seed in range(3) for place in [(), (0,), (1,), (0, 0), (0, 1)]
    ]
    assert len(set(seeds)) == len(seeds)
    assert seeds == [
        derive(purpose, seed, *place) for purpose in Purpose for seed in range(3) for place in [(), (0,), (1,), (0, 0), (0, 1)]
    ]
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_generators_of_one_position_agree():
    first, second = (generator(Purpose.BATCHES, 7, 1, 2).permutation(20).tolist() for _ in range(2))
    assert first == second
    assert first != generator(Purpose.BATCHES, 7, 1, 3).permutation(20).tolist()
