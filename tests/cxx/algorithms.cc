// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The algorithms beside those of the standard library, on numbers and on strings, in vectors and
// deques, empty, small and large.
#include "check.hpp"

#include <algorithm>
#include <deque>
#include <numeric>
#include <string>
#include <vector>

namespace
{

template <class T> T made(unsigned number);
template <> unsigned made(unsigned number)
{
    return number;
}
template <> std::string made(unsigned number)
{
    return std::to_string(number) + " is longer than a short string";
}

template <class T> unsigned number_of(const T &value)
{
    if constexpr (std::is_same_v<T, unsigned>)
        return value;
    else
        return static_cast<unsigned>(std::stoul(value));
}

// Pseudorandom, with repetitions.
template <class Items> Items made_items(size_t n)
{
    Items items;
    unsigned state = static_cast<unsigned>(n) + 1;
    for (size_t i = 0; i < n; i++) {
        state = state * 1664525 + 1013904223;
        items.push_back(
            made<typename Items::value_type>((state >> 8) % (static_cast<unsigned>(n) + 1)));
    }
    return items;
}

template <class Items, class Where> void loops(const Where &where, size_t n)
{
    using T = typename Items::value_type;
    const Items items = made_items<Items>(n);
    Items doubled = items, summed(n);
    filch::for_each(where, doubled, [](T &one) { one += one; });
    for (size_t i = 0; i < n; i++)
        CHECK(doubled[i] == items[i] + items[i]);
    auto end = filch::transform(where, items.begin(), items.end(), doubled.begin(), summed.begin(),
                                [](const T &a, const T &b) { return a + b; });
    CHECK(end == summed.end());
    std::vector<unsigned> numbers(n);
    filch::transform(where, summed, numbers.begin(), [](const T &one) { return number_of(one); });
    unsigned expected = 0;
    for (const T &one : summed)
        expected += number_of(one);
    CHECK(filch::reduce(where, numbers.begin(), numbers.end(), 7u) == expected + 7);
    CHECK(filch::transform_reduce(where, summed, 7u, std::plus<>(), number_of<T>) == expected + 7);
    auto longer = [](const T &a, const T &b) { return std::max(a, b); };
    auto itself = [](const T &one) { return one; };
    if (n)
        CHECK(filch::transform_reduce(where, items.begin(), items.end(), items[0], longer,
                                      itself) == *std::max_element(items.begin(), items.end()));
    unsigned limit = static_cast<unsigned>(n / 2);
    auto wanted = [=](const T &one) { return number_of(one) > limit; };
    CHECK(filch::find_if(where, items.begin(), items.end(), wanted) ==
          std::find_if(items.begin(), items.end(), wanted));
    CHECK(filch::find_if(where, items, [](const T &) { return false; }) == items.end());
    Items parted = items;
    auto cut = filch::partition(where, parted, wanted);
    CHECK(std::all_of(parted.begin(), cut, wanted) && std::none_of(cut, parted.end(), wanted));
    Items left = items;
    std::sort(left.begin(), left.end());
    std::sort(parted.begin(), parted.end());
    CHECK(left == parted);
}

template <class Items, class Where> void scans(const Where &where, size_t n)
{
    const std::vector<unsigned> numbers = made_items<std::vector<unsigned>>(n);
    Items out(n), expected(n);
    std::inclusive_scan(numbers.begin(), numbers.end(), expected.begin());
    CHECK(filch::inclusive_scan(where, numbers.begin(), numbers.end(), out.begin()) == out.end());
    CHECK(out == expected);
    std::exclusive_scan(numbers.begin(), numbers.end(), expected.begin(), 5u);
    filch::exclusive_scan(where, numbers.begin(), numbers.end(), out.begin(), 5u);
    CHECK(out == expected);
    auto last = [](unsigned, unsigned b) { return b; }; // associative, not commutative
    std::inclusive_scan(numbers.begin(), numbers.end(), expected.begin(), last, 9u);
    out.assign(numbers.begin(), numbers.end());
    filch::inclusive_scan(where, out.begin(), out.end(), out.begin(), last, 9u);
    CHECK(out == expected);
}

template <class Items, class Where> void sorts(const Where &where, size_t n)
{
    using T = typename Items::value_type;
    const Items items = made_items<Items>(n);
    Items expected = items, sorted = items;
    std::sort(expected.begin(), expected.end());
    filch::sort(where, sorted.begin(), sorted.end());
    CHECK(sorted == expected);
    sorted = items;
    auto by_digit = [](const T &a, const T &b) { return number_of(a) % 10 < number_of(b) % 10; };
    filch::stable_sort(where, sorted, by_digit);
    expected = items;
    std::stable_sort(expected.begin(), expected.end(), by_digit);
    CHECK(sorted == expected);
    Items other = made_items<Items>(n / 3), all(n + n / 3), merged(n + n / 3);
    std::stable_sort(other.begin(), other.end(), by_digit);
    std::merge(expected.begin(), expected.end(), other.begin(), other.end(), all.begin(), by_digit);
    filch::merge(where, sorted.begin(), sorted.end(), other.begin(), other.end(), merged.begin(),
                 by_digit);
    CHECK(merged == all);
    filch::sort(where, sorted, std::greater<>());
    CHECK(std::is_sorted(sorted.rbegin(), sorted.rend()));
}

template <class Items, class Where>
void all_of(const Where &where, std::initializer_list<size_t> sizes)
{
    for (size_t n : sizes) {
        loops<Items>(where, n);
        sorts<Items>(where, n);
    }
}

struct record {
    short key;
    char rest[40];
};

} // namespace

void test_algorithms(filch::runtime &rt)
{
    all_of<std::vector<unsigned>>(rt, {0, 1, 2, 100, 60000});
    for (size_t n : {0, 1, 5, 30000})
        scans<std::vector<unsigned>>(rt, n);
    rt.run([](filch_self self) {
        all_of<std::deque<unsigned>>(self, {0, 3, 20000});
        all_of<std::vector<std::string>>(self, {0, 1, 50, 9000});
        scans<std::deque<unsigned>>(self, 30000);
        // Bodies that fork, and that call algorithms in turn.
        std::vector<std::vector<int>> rows(30, std::vector<int>(500));
        filch::for_each(self, rows, [](filch_self here, std::vector<int> &row) {
            filch::for_each(here, row,
                            [&](int &one) { one = static_cast<int>(&one - row.data()); });
            filch::invoke(
                here, [&] { row[0] = 1; }, [&] { row[1] = 2; });
        });
        for (const auto &row : rows)
            CHECK(row[0] == 1 && row[1] == 2 && row[499] == 499);
    });
    std::vector<record> records(5000);
    for (size_t i = 0; i < records.size(); i++)
        records[i].key = static_cast<short>(i * 7919 % 5000);
    filch::sort(rt, records, [](const record &a, const record &b) { return a.key < b.key; });
    for (size_t i = 0; i < records.size(); i++)
        CHECK(records[i].key == static_cast<short>(i));
    filch::for_index(rt, 10, 5000, [&](int i) { records[static_cast<size_t>(i)].key = 1; });
    filch::for_index(rt, 3, 3, [](int) { CHECK(!"called"); });
    filch::for_index(rt, 4000, records.size(), [&](size_t i) { records[i].key = 2; });
    CHECK(records[9].key == 9 && records[10].key == 1 && records[3999].key == 1);
    CHECK(records[4000].key == 2 && records[4999].key == 2);
    int bare[] = {3, 1, 2};
    filch::sort(rt, bare);
    CHECK(bare[0] == 1 && bare[2] == 3);
    CHECK(filch::transform_reduce(rt, bare, bare + 3, bare, 1) == 1 + 1 + 4 + 9);
    CHECK(filch::reduce(rt, bare, 1L) == 7);
    CHECK(filch::reduce(rt, bare, 5, [](int a, int b) { return std::max(a, b); }) == 5);
}
