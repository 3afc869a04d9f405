#pragma once

#include <Halide.h>

#include <string>
#include <utility>
#include <vector>

namespace sylvite {

/// The words of the schedule text for values of Halide's enumerations.
template<typename T>
using Words = std::vector<std::pair<const char *, T>>;

const Words<Halide::TailStrategy> &tail_words();
const Words<Halide::MemoryType> &memory_words();
const Words<Halide::DeviceAPI> &device_words();
const Words<Halide::Partition> &partition_words();

/// The value of a word that is in the list.
template<typename T>
T value_of(const Words<T> &words, const std::string &word) {
    for (const auto &[known, value] : words) {
        if (known == word) {
            return value;
        }
    }
    _halide_internal_error << word << " was not checked";
    return words.front().second;
}

}  // namespace sylvite
