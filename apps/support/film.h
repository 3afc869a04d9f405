#pragma once

#include "apps/support/image.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace sylvite::apps {

/// The numbers of `count` steps from 0 to `steps`, as evenly apart as they can be; of one alone, the last.
std::vector<int> moments(int steps, int count);

/// What a state of a loop is at several steps.
using Recording = std::vector<std::vector<float>>;

/// Records the state `state` of the loop `loop` of a compiled program at the steps `when`, which do not fall; nothing is run
/// where there are none. `run` runs the program and returns what the state is after the last step. Throws std::runtime_error
/// when the loop has no such state of float32, or makes fewer steps than the last of `when`: it is not there, or a schedule
/// has fused its steps.
Recording record(const std::string &loop, const std::string &state, const std::vector<int> &when,
                 const std::function<std::vector<float>()> &run);

/// Pictures of equal size as an animated picture, a little blurred by compression: the contents of a WebP file, since libpng as
/// it is in Debian writes no animations. Each is shown for 50 ms, the last one for a second; then it begins anew.
std::string film_bytes(const std::vector<Image> &pictures);
/// The same of `count` pictures, each of which is made when it is its turn: of all others only what is compressed is in memory.
std::string film_bytes(size_t count, const std::function<Image(size_t)> &picture);

/// The files of what moves, by name: `story.png`, the pictures of `moments` side by side; `walk.webp`, those of `film` one
/// after the other, if there are any; `walk.npy` (moments, extents backwards); and `losses.npy`.
std::map<std::string, std::string> walk_files(const Recording &moments, const Recording &film, std::vector<int> extents,
                                              const std::function<Image(const std::vector<float> &moment)> &picture,
                                              const std::vector<double> &losses);

}  // namespace sylvite::apps
